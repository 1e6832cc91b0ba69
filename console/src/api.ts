/** The one client of the console, and what it knows about who is signed in. */
import { CookieAuth, NetworkError, ProblemError, call, createClient, type Me } from '@gantry/client';
import { QueryCache, QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { reachable, unreachable } from '@/shell/offline';
import { askForProof } from '@/shell/step-up-state';

const auth = new CookieAuth(location.origin);

export const api = createClient({
  baseUrl: location.origin,
  auth,
  onStepUp: askForProof,
  fetch: async (request) => {
    const response = await fetch(request);
    reachable();
    return response;
  },
  onProblem: (error) => {
    if (error instanceof NetworkError) unreachable();
  },
});

/** A session that ended elsewhere shows at the next request, whichever it is. */
function sessionEnded(error: unknown): boolean {
  return error instanceof ProblemError && error.code === 'unauthenticated';
}

/** What may no longer be read, or is gone, is not shown any longer either: the refusal takes its place. */
function withheld(error: unknown): boolean {
  return error instanceof ProblemError && [403, 404, 410].includes(error.status);
}

export const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (sessionEnded(error)) queries.setQueryData(meQuery.queryKey, null);
      if (withheld(error)) query.setState({ data: undefined });
    },
  }),
  defaultOptions: {
    queries: {
      // The client repeats by itself what can be repeated.
      retry: false,
      staleTime: 10_000,
      networkMode: 'always',
    },
    mutations: {
      networkMode: 'always',
      onError: (error) => {
        if (sessionEnded(error)) queries.setQueryData(meQuery.queryKey, null);
      },
    },
  },
});

/** Who is signed in; null for nobody. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async (): Promise<Me | null> => {
    try {
      return await call(api.GET('/api/v1/me'));
    } catch (error) {
      if (sessionEnded(error)) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

/** What the signed-in person's account is proven with. */
export const factorsQuery = queryOptions({
  queryKey: ['me', 'factors'],
  queryFn: () => call(api.GET('/api/v1/me/factors')),
});

/** The signed-in person, on pages that only they see. */
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (!data) throw new Error('nobody is signed in on a page for members');
  return data;
}

/** What is on its way was asked in the former session. */
const discard = () => void queries.cancelQueries({ queryKey: meQuery.queryKey, exact: true });

/** After signing in: what was known about anybody before is forgotten. */
export async function sessionBegan(): Promise<void> {
  discard();
  forget();
  await queries.query({ ...meQuery, staleTime: 0 });
}

/** Nothing that one person has read is there for the next. Who is signed in stays a question that pages listen to. */
function forget(): void {
  auth.reset();
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' || queryKey.length > 1 });
}

export function sessionOver(): void {
  discard();
  queries.setQueryData(meQuery.queryKey, null);
  forget();
}

export async function signOut(): Promise<void> {
  await call(api.DELETE('/api/v1/auth/session'));
  sessionOver();
}
