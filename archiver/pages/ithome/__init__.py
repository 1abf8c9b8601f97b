"""The pages of iThome: the selectors of one site, and nothing else that knows them."""
