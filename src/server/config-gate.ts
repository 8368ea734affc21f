import { z } from 'zod';
import { comparable } from '../gate/phrases.ts';
import { compileRule } from '../gate/rules.ts';
import { namedPatterns, type GateDefinition, type GateRule, type TextRule } from '../ports/gate.ts';

const ruleName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: 'must be letters, digits, ".", "_" or "-"' })
  .optional();

const phrase = z
  .string()
  .max(200)
  .refine((text) => comparable(text) !== '', { error: 'has no letters or digits to look for' });

const expression = z
  .string()
  .min(1)
  .superRefine((source, context) => {
    try {
      compileRule({ kind: 'regex', name: '', source });
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : 'cannot be read';
      context.addIssue({ code: 'custom', message });
    }
  });

const block = z.strictObject({ name: ruleName, block: z.array(phrase).min(1).max(1_000) });
const pattern = z.strictObject({ name: ruleName, pattern: z.enum(namedPatterns) });
const regex = z.strictObject({ name: ruleName, regex: expression });
const languages = z.strictObject({
  name: ruleName,
  languages: z
    .array(z.string().regex(/^[a-z]{2,3}$/, { error: 'must be a language such as en' }))
    .min(1)
    .max(20),
});

const sentence = z.string().trim().min(1).max(500);

const check = z.strictObject({
  url: z
    .string()
    .max(2_000)
    .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
      error: 'must be an address that begins with http:// or https://',
    }),
  deadlineMs: z.int().min(20).max(5_000).default(300),
  onFail: z.enum(['open', 'closed']).default('open'),
  bearerEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of an environment variable' })
    .optional(),
});

/** What an agent may not say, as the file says it. */
export const gateSchema = z
  .strictObject({
    holdBackMs: z.int().min(0).max(400).default(200),
    onLateText: z.enum(['hold', 'speak']).optional(),
    rules: z
      .array(z.union([block, pattern, regex, languages]))
      .max(200)
      .default([]),
    disclosure: z
      .strictObject({
        text: sentence.refine((text) => comparable(text) !== '', { error: 'has no words' }),
        mustComeFirst: z.literal(true).default(true),
      })
      .optional(),
    onHit: z.enum(['drop', 'replace', 'handover', 'end']).default('drop'),
    replacement: sentence.optional(),
    handoverTo: z.string().min(1).max(200).default('operator'),
    check: check.optional(),
  })
  .superRefine(({ onHit, replacement }, context) => {
    if (onHit === 'drop' || replacement !== undefined) return;
    const message = `is needed for onHit: ${onHit}: the sentence that is said instead`;
    context.addIssue({ code: 'custom', path: ['replacement'], message });
  });

/** What is taken out of everything that is written down or shown. */
export const redactSchema = z
  .array(z.union([z.enum(namedPatterns), block, regex]))
  .min(1)
  .max(200);

type GateEntry = z.output<typeof gateSchema>;
type RedactEntry = z.output<typeof redactSchema>[number];

export function gateOf(entry: GateEntry): GateDefinition {
  const { holdBackMs, disclosure, onHit, replacement, handoverTo } = entry;
  // Where nothing is looked for, waiting would stop nothing.
  const onLateText = entry.onLateText ?? (entry.rules.length > 0 ? 'hold' : 'speak');
  return {
    holdBackMs,
    onLateText,
    rules: entry.rules.map(ruleOf),
    disclosure: disclosure?.text ?? null,
    onHit,
    replacement: replacement ?? null,
    handoverTo,
    check:
      entry.check === undefined
        ? null
        : { ...entry.check, bearerEnv: entry.check.bearerEnv ?? null },
  };
}

export function textRuleOf(entry: RedactEntry): TextRule {
  if (typeof entry === 'string') return { kind: 'pattern', name: entry, pattern: entry };
  return 'block' in entry
    ? { kind: 'phrases', name: entry.name ?? 'phrase', phrases: entry.block }
    : { kind: 'regex', name: entry.name ?? 'regex', source: entry.regex };
}

function ruleOf(entry: GateEntry['rules'][number]): GateRule {
  if ('languages' in entry) {
    return { kind: 'languages', name: entry.name ?? 'languages', languages: entry.languages };
  }
  return 'pattern' in entry
    ? { kind: 'pattern', name: entry.name ?? entry.pattern, pattern: entry.pattern }
    : textRuleOf(entry);
}
