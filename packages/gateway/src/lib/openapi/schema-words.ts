import type { JsonSchema } from './components.ts';
import { type Html, html, prose } from './page.ts';

/** A JSON schema in a few words, with links to those that have a name. */
export function schemaWords(schema: JsonSchema): Html {
  const { $ref, type, enum: values, items } = schema;
  if (typeof $ref === 'string') return link($ref.replace(/^.*\//, ''));
  const choices = choicesOf(schema);
  if (choices) return joined(choices.map(schemaWords), ' or ');
  if (Array.isArray(values))
    return joined(
      values.map((value) => html`<code>${JSON.stringify(value)}</code>`),
      ' or ',
    );
  if ('const' in schema) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (type === 'array' && isSchema(items)) return html`list of ${schemaWords(items)}`;
  return html`${[typeof type === 'string' ? type : 'any value', ...boundsOf(schema)].join(', ')}`;
}

/** The fields of an object, or of each object that it may be. */
export function schemaTable(name: string, schema: JsonSchema): Html {
  const choices = choicesOf(schema);
  if (choices) return html`${choices.map((choice, index) => schemaTable(`${name}, form ${index + 1}`, choice))}`;
  const { properties, required = [] } = schema;
  if (!isSchema(properties)) return html`<p>${schemaWords(schema)}</p>`;
  const needed = new Set(Array.isArray(required) ? required : []);
  const rows = Object.entries(properties).flatMap(([field, told]) =>
    isSchema(told)
      ? html`<tr><th scope="row"><code>${field}</code></th><td>${schemaWords(told)}${
          needed.has(field) ? '' : ', optional'
        }</td><td>${descriptionOf(told)}</td></tr>\n`
      : [],
  );
  return html`<div class="scroll"><table><caption>${name}</caption>
<thead><tr><th scope="col">Field</th><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function descriptionOf({ description }: JsonSchema): Html {
  return prose(typeof description === 'string' ? description : '');
}

function link(name: string): Html {
  return html`<a href="#schema-${name}">${name}</a>`;
}

function choicesOf({ anyOf, oneOf }: JsonSchema): readonly JsonSchema[] | undefined {
  const choices = anyOf ?? oneOf;
  return Array.isArray(choices) ? choices.filter(isSchema) : undefined;
}

function boundsOf({ minimum, maximum, minLength, maxLength, format }: JsonSchema): readonly string[] {
  const bounds: string[] = [];
  if (typeof format === 'string') bounds.push(format);
  if (typeof minLength === 'number' && minLength > 0) bounds.push(`at least ${minLength} long`);
  if (typeof maxLength === 'number') bounds.push(`at most ${maxLength} long`);
  // The bounds of what a number can hold say nothing of the field.
  if (typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER) bounds.push(`at least ${minimum}`);
  if (typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER) bounds.push(`at most ${maximum}`);
  return bounds;
}

function joined(parts: readonly Html[], between: string): Html {
  return html`${parts.map((part, index) => (index === 0 ? part : html`${between}${part}`))}`;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
