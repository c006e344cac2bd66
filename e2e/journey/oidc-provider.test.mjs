// The main job against `oidc-provider`, with a server on the TypeScript SDK that takes its JWTs.

import { startProtectedWorld } from '../harness/worlds.mjs';
import { mainJob } from './main-job.mjs';

mainJob('oidc-provider', () => startProtectedWorld({ refreshTokens: 'always' }), { revokesAccess: false });
