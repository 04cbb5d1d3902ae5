/** The style of the approval pages; its exact bytes are in their policy. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1a1f29; --muted: #5d6675; --paper: #fff; --ground: #f2f4f7; --line: #d3d9e2;
  --accent: #1a1f29; --on-accent: #fff; --warn: #a5281e; --focus: #2b66d9 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf0; --muted: #a3acba; --paper: #1d222b; --ground: #14171d; --line: #3a424f;
    --accent: #e8ebf0; --on-accent: #14171d; --warn: #ff9a8f; --focus: #8ab4ff }
}
* { box-sizing: border-box }
[hidden] { display: none !important }
body { margin: 0; padding: 1.25rem .75rem 3rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; -webkit-text-size-adjust: 100% }
main { max-width: 37rem; margin: 0 auto; padding: 1.75rem 1.25rem 2rem; background: var(--paper); border-radius: 14px }
@media (min-width: 40rem) { body { padding-top: 3.5rem } main { padding: 2.25rem 2.5rem 2.5rem } }
h1 { margin: .25rem 0 1.1rem; font-size: 1.5rem; line-height: 1.25; font-weight: 650; text-wrap: balance; overflow-wrap: anywhere }
h1:focus { outline: none }
h2 { margin: 2rem 0 .2rem; font-size: 1rem; font-weight: 650 }
p { margin: 0 0 .75rem; overflow-wrap: anywhere }
code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .92em }
.brand { margin: 0 0 1.1rem; font-size: .8rem; font-weight: 650; letter-spacing: .06em; color: var(--muted) }
.muted { color: var(--muted); font-size: .9rem }
dl { margin: 0; display: grid; grid-template-columns: minmax(6.5rem, max-content) 1fr; gap: 0 1.25rem }
dt { padding: .45rem 0; color: var(--muted); font-size: .9rem; line-height: 1.6 }
dd { margin: 0; padding: .45rem 0; overflow-wrap: anywhere; min-width: 0 }
@media (max-width: 26rem) { dl { display: block } dt { padding: .55rem 0 0 } dd { padding: 0 } }
#agent { margin-top: 1.25rem } #agent p { margin-bottom: .4rem }
blockquote { margin: 0; padding-block: .1rem; padding-inline-start: .9rem; border-inline-start: 3px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere }
#answer { margin-top: 1.75rem; border-top: 1px solid var(--line) }
#answer h2 { margin-top: 1.5rem }
h2 label { display: inline }
.note { padding: .7rem .9rem; border: 1px solid var(--line); border-left: 3px solid var(--ink); border-radius: 6px }
.small { margin: .75rem 0 0; font-size: .85rem }
#hint { margin-bottom: .6rem }
label { display: block; font-weight: 650 }
input, textarea { width: 100%; margin: .25rem 0 .75rem; padding: .7rem .85rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--muted); border-radius: 9px }
input { max-width: 14rem; font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 1.5rem; letter-spacing: .2em }
input::placeholder { color: var(--muted); opacity: .6 }
textarea { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9rem }
textarea.words { font: inherit } label span { font-weight: 400 }
.buttons { display: flex; gap: .75rem; margin-top: .25rem }
button { flex: 1; min-height: 3rem; padding: .6rem 1rem; font: inherit; font-weight: 600; cursor: pointer; color: var(--ink);
  background: transparent; border: 1px solid var(--muted); border-radius: 9px }
button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent) }
button[aria-disabled="true"] { opacity: .55; cursor: default }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px }
[role="alert"] { color: var(--warn); font-weight: 550 }
[role="alert"]:empty { display: none }
#silence p { margin: 0 }
`;
