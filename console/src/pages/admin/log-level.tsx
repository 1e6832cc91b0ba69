/** How much the process logs, changed while it runs. */
import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { api, queries, useMe } from '@/api';
import { useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { Form, required } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Section } from '@/layout/page';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { toast } from '@/ui/toast';

const key = ['admin', 'log-level'];

export function LogLevel() {
  const t = useT();
  const me = useMe();
  const act = useAct();
  const level = useQuery({ queryKey: key, queryFn: () => call(api.GET('/api/v1/admin/log-level')) });
  const renew = async () => {
    await queries.invalidateQueries({ queryKey: key });
    toast(t('Saved.'));
  };
  return (
    <Section
      title={t('Log')}
      description={t('Holds in the process that answers, until it ends. Each change is in the audit log.')}
    >
      <Loaded query={level} height="h-16">
        {(known) => {
          if (!me.platform_permissions.includes('telemetry.log.change')) {
            return <code className="font-mono text-sm">{known.level}</code>;
          }
          return (
            <>
              <ActProblem act={act} />
              <Form
                key={known.level}
                submit={t('Log so much')}
                aside={
                  known.level !== known.configured && (
                    <Button
                      busy={act.busy}
                      onClick={() =>
                        act.run(async () => {
                          await call(api.DELETE('/api/v1/admin/log-level'));
                          await renew();
                        })
                      }
                    >
                      {t('Back to {level}', { level: known.configured })}
                    </Button>
                  )
                }
                run={async (data) => {
                  const body = { level: required(data, 'level') };
                  await call(api.PUT('/api/v1/admin/log-level', { body }));
                  await renew();
                }}
              >
                <TextField
                  name="level"
                  label={t('Level')}
                  required
                  maxLength={200}
                  defaultValue={known.level}
                  hint={t(
                    'error, warn, info, debug, trace or off; finer for one part: info,gantry_jobs=debug.',
                  )}
                />
              </Form>
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}
