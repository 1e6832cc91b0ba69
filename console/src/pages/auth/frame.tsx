/** The frame of the pages before somebody is signed in. */
import type { ReactNode } from 'react';
import { useTitle } from '@/layout/page';
import { Logo } from '@/shell/logo';
import { LanguageMenu, ThemeMenu } from '@/shell/preferences';

export function AuthPage({
  title,
  intro,
  children,
  footer,
}: {
  title: string;
  intro?: ReactNode;
  children?: ReactNode;
  footer?: ReactNode;
}) {
  useTitle(title);
  return (
    <div className="flex min-h-full flex-col">
      <header className="flex items-center justify-between px-5 py-4">
        <Logo />
        <div className="flex">
          <LanguageMenu />
          <ThemeMenu />
        </div>
      </header>
      <main className="flex flex-1 flex-col items-center px-4 pt-[6vh] pb-12">
        <div className="w-full max-w-sm">
          <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
          {intro !== undefined && <p className="mt-1.5 text-soft">{intro}</p>}
          {children !== undefined && <div className="mt-6">{children}</div>}
          {footer !== undefined && (
            <div className="mt-6 border-t border-line pt-4 text-sm text-soft [&_a]:font-medium [&_a]:text-accent [&_a]:hover:underline">
              {footer}
            </div>
          )}
        </div>
      </main>
    </div>
  );
}
