/** What of SendGrid's v3 `POST /v3/mail/send` is used here; more may come with it. */
import * as z from 'zod';

const oneLine = z.string().regex(/^[^\r\n]*$/, 'holds a line break');
const Address = z.object({ email: oneLine.pipe(z.email()), name: oneLine.optional() });

export const SendgridMail = z.object({
  personalizations: z
    .array(
      z.object({
        to: z.array(Address).min(1).max(1000),
        subject: oneLine.min(1).optional(),
        custom_args: z.record(z.string(), z.string()).optional(),
      }),
    )
    .min(1)
    .max(1000),
  from: Address,
  subject: oneLine.min(1),
  content: z.array(z.object({ type: z.string().min(1), value: z.string().min(1) })).min(1),
  headers: z.record(oneLine, oneLine).optional(),
  tracking_settings: z
    .object({
      click_tracking: z.object({ enable: z.boolean(), enable_text: z.boolean().optional() }).optional(),
      open_tracking: z.object({ enable: z.boolean() }).optional(),
    })
    .optional(),
});
export type SendgridMail = z.infer<typeof SendgridMail>;

export type SendgridErrors = {
  readonly errors: readonly { readonly message: string; readonly field: string | null; readonly help: string | null }[];
};

/** What `GET /v3/verified_senders` and `GET /v3/whitelabel/domains` answer, as far as it is read. */
export const SendgridSenders = z.object({
  results: z.array(z.object({ from_email: z.string(), verified: z.boolean() })),
});
export const SendgridDomains = z.array(z.object({ domain: z.string(), valid: z.boolean() }));
