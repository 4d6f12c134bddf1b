/**
 * Colours and layout of the page, and the colours of the charts' files. Light and dark follow the reader's system. The five of the
 * charts follow Okabe and Ito, so that they stay apart for the colour-blind too.
 */

const LIGHT =
  '--bg:#faf9f6;--card:#ffffff;--ink:#1d1c1a;--muted:#696660;--line:#e4e0d8;--band:#ece6da;' +
  '--c1:#0b66b0;--c2:#d1550a;--c3:#00906a;--c4:#b8548f;--c5:#615e58;--on-mark:#ffffff;--good:#0a7556;--bad:#b3402a;--none:#696660';
const DARK =
  '--bg:#131416;--card:#1b1d20;--ink:#eae8e3;--muted:#a19d95;--line:#32353a;--band:#34383e;' +
  '--c1:#5ab2f0;--c2:#f0943e;--c3:#3fc79b;--c4:#e39ac6;--c5:#7f7b74;--on-mark:#131416;--good:#3fc79b;--bad:#f08a74;--none:#a19d95';

/** Of a chart's own file: GitHub shows it as an image, which knows light from dark by itself. */
export const CHART_STYLE =
  `svg{${LIGHT};color:var(--ink)}@media(prefers-color-scheme:dark){svg{${DARK}}}` +
  'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}.title{font-size:15px;font-weight:650;fill:var(--ink)}' +
  '.legend{font-size:12px;fill:var(--muted)}';

export const PAGE_STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media(prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,footer{max-width:1000px;margin:0 auto;padding:0 20px}
header{padding-top:40px;padding-bottom:12px}
h1{font-size:clamp(1.9rem,5vw,2.7rem);line-height:1.12;letter-spacing:-.02em;margin:0 0 14px;font-weight:720;text-wrap:balance}
h2{font-size:1.45rem;letter-spacing:-.01em;margin:64px 0 6px;font-weight:680}
h3{font-size:1.06rem;line-height:1.35;margin:0 0 4px;font-weight:650;text-wrap:balance}
p{margin:.4em 0 1em}
.lead{font-size:1.12rem;color:var(--muted);max-width:44em}
#choices{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
#choices li{display:grid;grid-template-columns:minmax(12em,17em) 1fr;gap:2px 18px;padding:9px 2px;border-bottom:1px solid var(--line)}
#choices b{font-weight:620;display:block}#choices .ask{color:var(--muted)}
.ask-title{margin:26px 0 8px;font-size:1.15rem}
.muted,figcaption,footer{color:var(--muted);font-size:.9rem}
a{color:var(--c1)}
code{font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:6px 18px;margin:20px 0 0;font-size:.95rem}
nav a{text-decoration:none}nav a:hover{text-decoration:underline}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:1px;background:var(--line);border:1px solid var(--line);border-radius:12px;overflow:hidden;margin:22px 0 8px}
.figures div{background:var(--card);padding:16px 18px}
.figures b{display:block;font-size:1.6rem;line-height:1.2;letter-spacing:-.02em;font-weight:680;font-variant-numeric:tabular-nums}
.figures span{color:var(--muted);font-size:.88rem;line-height:1.35;display:block}
figure{overflow:clip;margin:22px 0;padding:20px 20px 14px;background:var(--card);border:1px solid var(--line);border-radius:12px}
figure svg{display:block;width:100%;height:auto;margin:8px 0 0}
figure .narrow{display:none}
figure .tip-target{cursor:default}figcaption{margin-top:8px}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:8px 0 0;padding:0;list-style:none;font-size:.85rem;color:var(--muted)}
.legend i{display:inline-block;width:10px;height:10px;border-radius:50%;margin-right:6px;vertical-align:-1px;background:var(--mark)}
.legend i.ring{background:none;border:2px solid var(--mark)}
.legend i.line{height:3px;border-radius:2px;width:16px;vertical-align:3px}
.legend i.band{border-radius:2px;width:14px}
.scroll{position:relative;overflow-x:auto;border:1px solid var(--line);border-radius:12px;background:var(--card);margin:14px 0}
.scroll.tall{max-height:75vh;overflow-y:auto}
pre{padding:0 16px;font-size:.82rem}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;padding:8px 12px;vertical-align:top;border-bottom:1px solid var(--line)}
tbody tr:last-child td{border-bottom:0}
tbody tr:hover td{background:color-mix(in srgb,var(--band) 35%,transparent)}
th{position:sticky;top:0;background:var(--card);z-index:1;white-space:nowrap;padding:0;box-shadow:inset 0 -1px var(--line)}
th button{font:inherit;font-weight:620;color:inherit;background:none;border:0;padding:10px 12px;width:100%;text-align:inherit;cursor:pointer}
th button:hover,th button:focus-visible{color:var(--c1)}
th button::after{content:"";display:inline-block;width:.8em;color:var(--c1)}
th[aria-sort=ascending] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
#rows-table td:first-child,#rows-table th:first-child,#trained-table td:first-child,#trained-table th:first-child{position:sticky;left:0;background:var(--card);min-width:min(15em,42vw)}
#rows-table th:first-child,#trained-table th:first-child{z-index:2}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td small{color:var(--muted);display:block;line-height:1.4}
#claims-table td:nth-child(1){font-weight:600;min-width:13em}
.verdict{display:inline-block;white-space:nowrap;font-weight:620;font-size:.84rem;padding:1px 9px;border-radius:99px;border:1px solid currentColor}
.verdict.holds{color:var(--good)}.verdict.not{color:var(--bad)}.verdict.never{color:var(--bad)}.verdict.none{color:var(--none)}
.controls{display:flex;flex-wrap:wrap;gap:10px;margin:14px 0 0}
.controls input,.controls select{font:inherit;font-size:.92rem;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:7px 11px;max-width:100%}
#search{flex:1 1 14em;min-width:0}
.controls output{align-self:center;color:var(--muted);font-size:.88rem}
#tip{position:fixed;z-index:9;pointer-events:none;white-space:pre-line;max-width:min(320px,calc(100vw - 24px));background:var(--ink);color:var(--bg);font-size:.82rem;line-height:1.4;padding:8px 11px;border-radius:8px;opacity:0;transition:opacity .1s}
footer{padding-top:40px;padding-bottom:60px}
@media(max-width:640px){
header{padding-top:32px}main,header,footer{padding-left:14px;padding-right:14px}
h2{margin-top:48px}
figure{padding:16px 12px 12px;margin-left:-4px;margin-right:-4px}
figure .wide{display:none}figure .narrow{display:block}
.figures{grid-template-columns:repeat(2,1fr)}.figures div:last-child:nth-child(odd){grid-column:1/-1}#choices li{grid-template-columns:1fr}.figures b{font-size:1.35rem}
#claims-table thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
#claims-table,#claims-table tbody,#claims-table tr,#claims-table td{display:block}
#claims-table tr{padding:10px 0;border-bottom:1px solid var(--line)}#claims-table tr:last-child{border-bottom:0}
#claims-table td{border:0;padding:3px 14px}
#claims-table td:nth-child(n+2)::before{content:attr(data-label) ": ";color:var(--muted)}
#claims-table td:last-child{padding-top:6px}#claims-table td:last-child::before{content:none}
}
@media print{.controls,nav{display:none}figure{break-inside:avoid}}
`;
