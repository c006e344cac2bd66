// Who are you?

import { useMutation } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Refusal } from '../../api/ask';
import { login } from '../../api/calls';
import { loggedIn } from '../../api/login';
import { LANGUAGES, chooseLanguage, type Language } from '../../i18n';
import { Mark } from '../../shell/mark';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';

export function Login() {
  const { t, i18n } = useTranslation();
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  const attempt = useMutation({ mutationFn: () => login(name.trim(), password), onSuccess: loggedIn });
  useEffect(() => {
    document.title = `${t('login.title')} · MCPHub`;
  }, [t]);
  const send = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate();
  };
  const wrong = attempt.error instanceof Refusal && attempt.error.status === 401;
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center gap-5 px-4 py-8">
      <Mark />
      <form onSubmit={send} className="card flex flex-col gap-4 p-5">
        <h1>{t('login.title')}</h1>
        {attempt.error !== null && !wrong && <RefusalNotice error={attempt.error} />}
        <TextField label={t('login.name')} autoComplete="username" mono required value={name} onChange={(event) => setName(event.target.value)} />
        <TextField
          label={t('login.password')}
          type="password"
          autoComplete="current-password"
          required
          autoFocus
          value={password}
          error={wrong ? t('login.wrong') : undefined}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button look="act" type="submit" busy={attempt.isPending}>
          {t('login.send')}
        </Button>
      </form>
      <p className="text-[0.87rem] text-soft">{t('login.where')}</p>
      <select aria-label={t('shell.language')} value={i18n.language} onChange={(event) => chooseLanguage(event.target.value as Language)} className="field !w-auto self-start">
        {Object.entries(LANGUAGES).map(([language, word]) => (
          <option key={language} value={language}>
            {word}
          </option>
        ))}
      </select>
    </main>
  );
}
