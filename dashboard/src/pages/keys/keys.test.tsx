// The list says whose each key is.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { keys } from '../../api/keys';
import type { Key } from '../../api/shape';
import { Keys } from './keys';

test('the list of keys says of a key of a user whose it is, and of others what they open', () => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const held: Key[] = [
    { id: '1', name: 'Cursor', token: 'mcphub_a...1111', kind: 'user', owner: 'bob', accessType: 'all' },
    { id: '3', name: 'Zed', token: 'mcphub_c...3333', kind: 'user', owner: 'bop', accessType: 'all' },
    { id: '2', name: 'Robot', token: 'mcphub_b...2222', kind: 'system', accessType: 'all' },
  ];
  client.setQueryData(keys.bearerKeys, held);
  client.setQueryData(keys.users, [{ username: 'bob', isAdmin: false }]);
  render(
    <QueryClientProvider client={client}>
      <Keys />
    </QueryClientProvider>,
  );
  const rows = screen.getAllByRole('listitem').map((row) => row.textContent);
  expect(rows).toEqual([expect.stringContaining('Key of bob: acts as this user'), expect.stringContaining('Key of bop, who is no user: opens nothing'), expect.stringContaining('Opens everything')]);
});
