// The headline is said in the language of the page.

import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { known } from '../../api/hooks';
import type { Server, Status } from '../../api/shape';
import { speak } from '../../i18n';
import { Standing } from './standing';

afterEach(() => speak('en'));

function show(status: Status, headline: string, code: string) {
  const explained = { headline, code, word: 'w', whatHappened: 'It said no.', why: 'Somebody refused.', do: 'Sign in.' };
  const server: Server = { name: 'lab', status, error: null, reason: 'refused', action: 'sign in', explained, transport: null, protocolVersion: null, tools: [], prompts: [], resources: [], enabled: true, identity: { tokens: 'shared', maySignIn: true }, oauth: { connected: false, clientIdConfigured: true } };
  return render(
    <QueryClientProvider client={known}>
      <Standing server={server} />
    </QueryClientProvider>,
  );
}

test.each([
  ['oauth_required', 'sign-in needed', 'MCPHUB-AUTH-001', '需要登录授权'],
  ['disconnected', 'sign-in failed', 'MCPHUB-AUTH-021', '登录授权失败'],
  ['registration_refused', 'sign-in failed', 'MCPHUB-AUTH-017', '注册被拒绝'],
] as const)('of a server in the state %s the headline is the hub’s in English, and ours in Chinese', async (status, headline, code, chinese) => {
  const { unmount } = show(status, headline, code);
  expect(screen.getByText(headline)).toBeTruthy();
  unmount();
  await act(() => speak('zh'));
  show(status, headline, code);
  expect(screen.getByText(chinese)).toBeTruthy();
  expect(screen.queryByText(headline)).toBeNull();
});
