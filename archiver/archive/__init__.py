"""The only room with SQL: one SQLite file that holds what was seen, what is believed and what is derived.

`connection` opens the file and says what is wrong with it; `schema` brings it to shape; `runs` and `ledger` write the
evidence (runs, fetches, captures), `beliefs` what follows from it of each page, `manners` what it says of hosts;
`library` derives articles and all the rest; `membership` decides which page is a part of which series; `queries`
answers `status` and `why`. The modules of rows (`*_rows`, `following`, `membership`, `search_index`) write within a
transaction of their caller's.
"""
