/** The way to the kill switch at the end of a mail: a link that shows, and a code without which nothing happens. */
import { MAIL_COLOURS as C } from './mail-page.ts';
import { escapeHtml } from './safe-text.ts';

export type StopGiven = { readonly link: string; readonly code: string };

/** For the text of a mail; nothing without a link. */
export function stopText(stop: StopGiven | undefined): string[] {
  if (!stop) return [];
  return ['', 'Is something going wrong? To STOP EVERYTHING, open', stop.link, `and type ${stop.code} there.`];
}

/** For its HTML. */
export function stopHtml(stop: StopGiven | undefined): string {
  if (!stop) return '';
  return `<p class="muted line" style="margin:16px 0 0;padding-top:16px;border-top:1px solid ${C.line};font-size:12px;line-height:1.6;color:${C.muted}">Is something going wrong? <a class="muted" clicktracking="off" href="${escapeHtml(stop.link)}" style="color:${C.no};font-weight:600">Stop everything</a>, and type <strong>${escapeHtml(stop.code)}</strong> there.</p>`;
}
