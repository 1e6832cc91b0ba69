/** The operations of the API, read from the description that the server itself gives. */
import { useQuery } from '@tanstack/react-query';
import clsx from 'clsx';
import { SearchX } from 'lucide-react';
import { useState } from 'react';
import { useT } from '@/i18n';
import { Loaded } from '@/layout/loaded';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { matches } from '@/shell/palette';
import { Badge, SecretBox } from '@/ui/bits';
import { entries, mentioned, resolve, typeName, type ApiDocument, type Entry, type Schema } from './document';

const tones: Record<string, string> = {
  GET: 'text-accent',
  POST: 'text-ok',
  PUT: 'text-warn',
  PATCH: 'text-warn',
  DELETE: 'text-danger',
};

export function ReferencePage() {
  const t = useT();
  const [wanted, setWanted] = useState('');
  const found = useQuery({
    queryKey: ['openapi'],
    queryFn: async () => {
      const answer = await fetch('/api/openapi.json');
      if (!answer.ok) throw new Error(t('The server did not give the description of its API.'));
      return (await answer.json()) as ApiDocument;
    },
    staleTime: Infinity,
  });
  return (
    <Page
      title={t('API reference')}
      description={t('Everything this console does, a program can do, too: with a key of a service account.')}
    >
      <input
        type="search"
        aria-label={t('Find an operation')}
        placeholder={t('Words, a path or a permission')}
        value={wanted}
        onChange={(event) => {
          setWanted(event.target.value);
        }}
        className="field-box mb-4 max-w-md"
      />
      <Loaded query={found} height="h-96">
        {(document) => <Operations document={document} wanted={wanted} />}
      </Loaded>
    </Page>
  );
}

function Operations({ document, wanted }: { document: ApiDocument; wanted: string }) {
  const t = useT();
  const groups = [...entries(document)]
    .map(([tag, list]) => {
      const fitting = list.filter(({ id, path, operation }) =>
        matches(wanted, [id, path, operation.summary ?? '', operation['x-permission'] ?? ''].join(' ')),
      );
      return [tag, fitting] as const;
    })
    .filter(([, list]) => list.length > 0);
  if (groups.length === 0) {
    return <Empty icon={<SearchX aria-hidden />} title={t('No operation fits')} />;
  }
  return groups.map(([tag, list]) => (
    <Section key={tag} title={<span className="block first-letter:uppercase">{tag}</span>} flush>
      <ul className="divide-y divide-line">
        {list.map((entry) => (
          <li key={entry.id}>
            <Row document={document} entry={entry} />
          </li>
        ))}
      </ul>
    </Section>
  ));
}

function Row({ document, entry }: { document: ApiDocument; entry: Entry }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
        className="flex w-full flex-wrap items-baseline gap-x-3 gap-y-0.5 px-5 py-2.5 text-left hover:bg-hover/60"
      >
        <span className={clsx('w-14 font-mono text-xs font-semibold', tones[entry.method])}>
          {entry.method}
        </span>
        <code className="min-w-0 font-mono text-xs break-all">{entry.path}</code>
        <span className="basis-full text-sm text-soft first-letter:uppercase md:ml-auto md:basis-auto">
          {entry.operation.summary}
        </span>
      </button>
      {open && <Details document={document} entry={entry} />}
    </>
  );
}

function Details({ document, entry }: { document: ApiDocument; entry: Entry }) {
  const t = useT();
  const { operation, path, method } = entry;
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  const answers = Object.entries(operation.responses ?? {});
  const good = answers.filter(([status]) => status.startsWith('2'));
  const codes = [...new Set(answers.flatMap(([, answer]) => answer['x-codes'] ?? []))].sort();
  const body = bodies[0]?.[1].schema;
  const shown = good.flatMap(([, answer]) => Object.values(answer.content ?? {}).map(({ schema }) => schema));
  const schemas = [...new Set([body, ...shown].flatMap((schema) => mentioned(document, schema)))];
  const permission = operation['x-permission'] ?? operation['x-platform-permission'];
  const data = body === undefined ? '' : ` -H 'content-type: ${bodies[0]?.[0] ?? ''}' -d '…'`;
  const key = (operation.security ?? []).length > 0 ? ` -H "authorization: Bearer $GANTRY_KEY"` : '';
  return (
    <div className="flex flex-col gap-4 border-t border-line bg-canvas px-5 py-4 text-sm">
      {operation.description !== undefined && <p className="max-w-2xl">{operation.description}</p>}
      <p className="flex flex-wrap gap-2">
        {permission !== undefined && <Badge tone="accent">{permission}</Badge>}
        {operation['x-step-up'] === true && <Badge tone="warn">{t('wants a fresh proof')}</Badge>}
        {key === '' && <Badge>{t('open to everybody')}</Badge>}
      </p>
      <SecretBox
        text={`curl${method === 'GET' ? '' : ` -X ${method}`} ${location.origin}${path}${key}${data}`}
        label={t('Copy the command')}
      />
      {(operation.parameters ?? []).length > 0 && (
        <Fields
          title={t('Parameters')}
          document={document}
          rows={(operation.parameters ?? []).map((parameter) => ({
            name: parameter.name,
            place: parameter.in,
            needed: parameter.required === true,
            schema: {
              ...parameter.schema,
              ...(parameter.description === undefined ? {} : { description: parameter.description }),
            },
          }))}
        />
      )}
      <p className="text-soft">
        {body !== undefined && (
          <>
            {t('Takes')} <code className="font-mono text-xs">{typeName(document, body)}</code>.{' '}
          </>
        )}
        {good.map(([status, answer]) => (
          <span key={status}>
            {t('Answers {status}', { status })}{' '}
            <code className="font-mono text-xs">
              {Object.values(answer.content ?? {})
                .map(({ schema }) => typeName(document, schema))
                .join(', ')}
            </code>{' '}
          </span>
        ))}
      </p>
      {schemas.map((name) => {
        const schema = resolve(document, { $ref: `#/${name}` });
        return (
          <Fields
            key={name}
            title={name}
            note={schema?.description}
            document={document}
            rows={Object.entries(schema?.properties ?? {}).map(([field, part]) => ({
              name: field,
              place: '',
              needed: schema?.required?.includes(field) === true,
              schema: part,
            }))}
          />
        );
      })}
      {codes.length > 0 && (
        <p className="flex flex-wrap items-center gap-x-3 text-xs">
          <span className="text-faint">{t('May refuse with')}</span>
          {codes.map((code) => (
            <a
              key={code}
              className="inline-block py-0.5 leading-5 underline"
              href={`/errors/${code}`}
              target="_blank"
              rel="noreferrer"
            >
              {code}
            </a>
          ))}
        </p>
      )}
    </div>
  );
}

interface Field {
  name: string;
  place: string;
  needed: boolean;
  schema: Schema;
}

function Fields({
  title,
  note,
  document,
  rows,
}: {
  title: string;
  note?: string | undefined;
  document: ApiDocument;
  rows: readonly Field[];
}) {
  const t = useT();
  return (
    <div>
      <h3 className="font-medium">{title}</h3>
      {note !== undefined && <p className="text-soft">{note}</p>}
      <dl className="mt-1.5 divide-y divide-line rounded-lg border border-line bg-surface">
        {rows.map((row) => (
          <div key={row.place + row.name} className="grid gap-x-4 px-3 py-2 sm:grid-cols-[14rem_1fr]">
            <dt className="min-w-0">
              <code className="font-mono text-xs break-all">{row.name}</code>{' '}
              {row.needed && <span className="text-xs text-faint">{t('needed')}</span>}
            </dt>
            <dd className="min-w-0">
              <code className="font-mono text-xs break-words text-soft">
                {typeName(document, row.schema)}
              </code>
              {row.schema.description !== undefined && <p>{row.schema.description}</p>}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
