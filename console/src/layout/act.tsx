/** What a button does outside of a form: it runs once at a time, and what it fails with stands beside it. */
import { useCallback, useState } from 'react';
import { Problem } from './problem';

export interface Act {
  busy: boolean;
  error: unknown;
  run: (work: () => Promise<unknown>) => Promise<void>;
}

export function useAct(): Act {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, error, run };
}

/** Why the last act failed, above what it was about. */
export function ActProblem({ act }: { act: Act }) {
  if (act.error === null) return null;
  return (
    <div className="mb-4">
      <Problem error={act.error} />
    </div>
  );
}
