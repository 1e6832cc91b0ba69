import { Check, Languages, Monitor, Moon, Sun } from 'lucide-react';
import { languages, useLanguage, useT } from '@/i18n';
import { applyTheme, useTheme, type Theme } from '@/theme';
import { Menu } from '@/ui/menu';

const icons = { system: Monitor, light: Sun, dark: Moon };

export function LanguageMenu() {
  const { language, speak, t } = useLanguage();
  return (
    <Menu
      label={t('Language')}
      button={
        <span className="grid size-8 place-items-center text-soft">
          <Languages aria-hidden className="size-4" />
        </span>
      }
      items={languages.map(({ code, name }) => ({
        key: code,
        label: <span lang={code}>{name}</span>,
        chosen: code === language,
        icon: code === language ? <Check aria-hidden className="size-4" /> : <span className="size-4" />,
        onSelect: () => {
          speak(code);
        },
      }))}
    />
  );
}

export function ThemeMenu() {
  const t = useT();
  const theme = useTheme();
  const names: Record<Theme, string> = { system: t('As the system'), light: t('Light'), dark: t('Dark') };
  const Icon = icons[theme];
  return (
    <Menu
      label={t('Theme')}
      button={
        <span className="grid size-8 place-items-center text-soft">
          <Icon aria-hidden className="size-4" />
        </span>
      }
      items={(['system', 'light', 'dark'] as const).map((key) => ({
        key,
        label: names[key],
        chosen: key === theme,
        icon: key === theme ? <Check aria-hidden className="size-4" /> : <span className="size-4" />,
        onSelect: () => {
          applyTheme(key);
        },
      }))}
    />
  );
}
