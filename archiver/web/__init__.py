"""The only room with sockets: one request at a time, and never sooner than the host may expect.

`client` makes one request and gives an `Answer` whatever comes of it: within the bounds of its `call`, over sockets to
checked addresses (`connect`) and connections that live from one request to the next (`transport`), with one gzip layer
undone (`archiver.unpack`) and the header fields read once (`headers`). `guard` says which addresses may be
contacted at all; `pace` when the next request may start, and whether the host wants more of them; `rules` what a
robots.txt says, and `robots` what it means that it can or cannot be had; `visit` puts them together for one page:
robots, redirects hop by hop, tries. docs/politeness.md tells the same to those who are asked.
"""
