// The last line of defence against secrets in output. They are references everywhere, so none
// should ever get here; an engine or a proxy that echoes one in an error is why this exists.
import { escapeText } from './escape.ts';

const rules: readonly (readonly [RegExp, string])[] = [
  [/\bBearer\s+[A-Za-z0-9._~+/=-]{8,}/gi, 'Bearer ***'],
  [/\bBasic\s+[A-Za-z0-9+/=]{16,}/gi, 'Basic ***'],
  // A colon without a space is part of a name: `my-token:latest` is a model.
  [
    /\b(authorization|x-api-key|api[-_]?key|token|password|secret)(\s*=\s*["']?|["']\s*:\s*["']?|:\s+["']?)[^\s"',;&]{4,}/gi,
    '$1$2***',
  ],
  [/\bhf_[A-Za-z0-9]{8,}/g, 'hf_***'],
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1***@'],
  [/([?&](?:[a-z-]*signature|sig|x-amz-[a-z-]+|key-pair-id|policy)=)[^\s&"']+/gi, '$1***'],
];

/** The text with whatever looks like a credential replaced by `***`. Safe to repeat. */
export const redact = (text: string): string =>
  rules.reduce((kept, [pattern, replacement]) => kept.replace(pattern, replacement), text);

/** A sentence from outside on one line, fit to be printed: escaped, and without credentials. */
export const renderSentence = (text: string): string => redact(escapeText(text));
