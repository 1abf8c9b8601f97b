"""The only room with sockets: one request at a time, and never sooner than the host may expect.

`client` makes one request and gives an `Answer` whatever comes of it; `guard` says which addresses may be contacted at
all; `pace` when the next request may start, and whether the host wants more of them; `robots` what it forbids; `visit`
puts them together for one page: robots, redirects hop by hop, tries.
"""
