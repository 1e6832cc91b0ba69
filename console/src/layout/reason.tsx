/** Why somebody does something that others will ask about: it is kept with the act. */
import type { ReactNode } from 'react';
import { useT } from '@/i18n';
import { TextField } from '@/ui/field';

export function ReasonField({
  hint,
  least,
  most = 200,
}: {
  /** Who reads it. */
  hint?: ReactNode;
  /** Letters that it must and may have. */
  least?: number;
  most?: number;
}) {
  const t = useT();
  return (
    <TextField
      name="reason"
      label={t('Reason')}
      required
      minLength={least}
      maxLength={most}
      autoComplete="off"
      hint={hint}
    />
  );
}
