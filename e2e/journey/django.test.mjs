// The main job against django-oauth-toolkit, with a server on the Python SDK that asks it about each token.

import { startDjangoWorld } from '../harness/worlds.mjs';
import { mainJob } from './main-job.mjs';

mainJob('django-oauth-toolkit', startDjangoWorld);
