/* Searches all texts (ARCHIVE_TEXTS of texts.js): title, address, words. What is found is text, never markup. */
(function () {
  "use strict";
  function fold(text) { return text.normalize("NFC").toLowerCase(); }
  var folded = ARCHIVE_TEXTS.map(function (one) { return fold(one[0] + "\n" + one[2]); });
  var query = document.getElementById("query");
  var count = document.getElementById("count");
  var results = document.getElementById("results");
  function search() {
    var wanted = fold(query.value.trim());
    var found = 0;
    results.textContent = "";
    if (wanted) {
      folded.forEach(function (text, number) {
        if (!text.includes(wanted)) return;
        found += 1;
        var at = Math.max(0, text.indexOf(wanted) - 30);
        var item = document.createElement("li");
        var link = document.createElement("a");
        var around = document.createElement("p");
        link.href = ARCHIVE_TEXTS[number][1];
        link.textContent = ARCHIVE_TEXTS[number][0];
        around.textContent = text.slice(at, at + 90 + wanted.length);
        item.append(link, around);
        results.append(item);
      });
    }
    count.textContent = wanted ? count.dataset.said.replace("{count}", found) : "";
  }
  query.addEventListener("input", search);
  search();
})();
