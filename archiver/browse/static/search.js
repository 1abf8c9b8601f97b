/* Searches all texts (ARCHIVE_TEXTS of texts.js): title, address, words. What is found is text, never markup. */
(function () {
  "use strict";
  /* As archive/search_words.py folds: each letter stays one, so that a place in what is folded is one in the text. */
  var alike = {
    "\u0130": "i", "\u03a3": "\u03c3", "\u03c2": "\u03c3", "\u00b5": "\u03bc", "\u017f": "s", "\u03d0": "\u03b2",
    "\u03d1": "\u03b8", "\u03d5": "\u03c6", "\u03d6": "\u03c0", "\u03f0": "\u03ba", "\u03f1": "\u03c1",
    "\u03f5": "\u03b5", "\u0345": "\u03b9", "\u1fbe": "\u03b9"
  };
  function narrow(letter) { return alike[letter] || String.fromCharCode(letter.charCodeAt(0) - 0xfee0); }
  var unusual = new RegExp("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a" + Object.keys(alike).join("") + "]", "g");
  function folded(text) { return text.replace(unusual, narrow).toLowerCase(); }
  function field(text) {
    text = text.normalize("NFC");
    return { text: text, folded: folded(text) };
  }
  var parts = ARCHIVE_TEXTS.map(function (one) {
    return { title: field(one[0]), href: one[1], texts: one[2].map(field) };
  });
  var query = document.getElementById("query");
  var count = document.getElementById("count");
  var results = document.getElementById("results");

  /* The words and "quoted phrases": all of them must be found. White space in a phrase matches any. */
  function terms(typed) {
    var found = [], match, word = /"([^"]*)"?|([^\s"]+)/g;
    while ((match = word.exec(typed))) found.push((match[1] || match[2] || "").trim());
    found = found.filter(Boolean);
    if (!found.length && typed.trim()) found.push(typed.trim());
    return found.map(function (text) {
      return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
    });
  }
  /* Half an emoji at an end is left out. */
  function whole(text, at) { return /[\udc00-\udfff]/.test(text.charAt(at)) ? at - 1 : at; }
  /* A piece of a field, its hits marked. */
  function put(node, found, any, from, until) {
    var hits = new RegExp(any, "g"), piece = found.folded.slice(from, until), at = 0, match;
    function said(end) { return document.createTextNode(found.text.slice(from + at, from + end)); }
    if (from > 0) node.append("…");
    while ((match = hits.exec(piece))) {
      node.append(said(match.index));
      at = match.index;
      var mark = document.createElement("mark");
      mark.append(said(hits.lastIndex));
      node.append(mark);
      at = hits.lastIndex;
    }
    node.append(said(piece.length));
    if (until < found.text.length) node.append("…");
  }
  /* Around the first hit of each word outside of the title; one that is shown with another is not shown again. */
  function around(item, part, wanted, any) {
    var shown = [];
    wanted.forEach(function (term) {
      part.texts.some(function (found) {
        var hit = new RegExp(term).exec(found.folded);
        if (!hit) return false;
        var end = hit.index + hit[0].length;
        if (!shown.some(function (one) { return one[0] === found && one[1] <= hit.index && end <= one[2]; })) {
          var from = whole(found.text, Math.max(0, hit.index - 30));
          var until = whole(found.text, Math.min(found.text.length, end + 60));
          var place = document.createElement("p");
          put(place, found, any, from, until);
          item.append(place);
          shown.push([found, from, until]);
        }
        return true;
      });
    });
  }
  function search() {
    var wanted = terms(folded(query.value.normalize("NFC")));
    var patterns = wanted.map(function (term) { return new RegExp(term); });
    var any = wanted.slice().sort(function (a, b) { return b.length - a.length; }).join("|");
    var found = 0;
    results.textContent = "";
    if (wanted.length) {
      parts.forEach(function (part) {
        var fields = [part.title].concat(part.texts);
        if (!patterns.every(function (one) {
          return fields.some(function (text) { return one.test(text.folded); });
        })) return;
        found += 1;
        var item = document.createElement("li");
        var link = document.createElement("a");
        link.href = part.href;
        put(link, part.title, any, 0, part.title.text.length);
        item.append(link);
        around(item, part, wanted, any);
        results.append(item);
      });
    }
    count.textContent = wanted.length ? count.dataset.said.replace("{count}", found) : "";
  }
  query.addEventListener("input", search);
  search();
})();
