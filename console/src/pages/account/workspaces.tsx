import { Link } from '@tanstack/react-router';
import { Building2, ChevronRight } from 'lucide-react';
import { useMe } from '@/api';
import { useT } from '@/i18n';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { Badge, Initials } from '@/ui/bits';

export function WorkspacesPage() {
  const t = useT();
  const me = useMe();
  return (
    <Page title={t('Your workspaces')} width="narrow">
      <Section flush>
        {me.memberships.length === 0 ? (
          <Empty icon={<Building2 aria-hidden />} title={t('You are in no workspace yet')}>
            {t('Ask its owner to invite {email}. The mail has a link that makes you a member.', {
              email: me.email,
            })}
          </Empty>
        ) : (
          <ul className="divide-y divide-line">
            {me.memberships.map((membership) => (
              <li key={membership.tenant}>
                <Link
                  to="/w/$workspace"
                  params={{ workspace: membership.slug }}
                  className="flex items-center gap-3 px-5 py-3.5 hover:bg-hover"
                >
                  <Initials name={membership.name} />
                  <span className="min-w-0 flex-1">
                    <span className="block truncate font-medium">{membership.name}</span>
                    <span className="block truncate text-sm text-faint">{membership.slug}</span>
                  </span>
                  {membership.state !== 'active' && <Badge tone="warn">{membership.state}</Badge>}
                  <ChevronRight aria-hidden className="size-4 text-faint" />
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Section>
    </Page>
  );
}
