/* Searches all texts (ARCHIVE_TEXTS of texts.js): title, address, words. What is found is text, never markup. */
(function () {
  "use strict";
  function said(one) { return (one[0] + "\n" + one[2]).normalize("NFC"); }
  var folded = ARCHIVE_TEXTS.map(function (one) { return said(one).toLowerCase(); });
  var query = document.getElementById("query");
  var count = document.getElementById("count");
  var results = document.getElementById("results");
  /* As it was written, where lower case is as long (all but a dotted capital I); half an emoji at an end is left out. */
  function shown(number, from, until) {
    var text = said(ARCHIVE_TEXTS[number]);
    if (text.length !== folded[number].length) text = folded[number];
    return text.slice(from, until).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
  }
  function search() {
    var wanted = query.value.trim().normalize("NFC").toLowerCase();
    var found = 0;
    results.textContent = "";
    if (wanted) {
      folded.forEach(function (text, number) {
        var at = text.indexOf(wanted);
        if (at < 0) return;
        found += 1;
        var item = document.createElement("li");
        var link = document.createElement("a");
        var around = document.createElement("p");
        link.href = ARCHIVE_TEXTS[number][1];
        link.textContent = ARCHIVE_TEXTS[number][0];
        around.textContent = shown(number, Math.max(0, at - 30), at + 60 + wanted.length);
        item.append(link, around);
        results.append(item);
      });
    }
    count.textContent = wanted ? count.dataset.said.replace("{count}", found) : "";
  }
  query.addEventListener("input", search);
  search();
})();
