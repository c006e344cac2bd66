// Where it begins: the theme, the words, and the page.

import './styles.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { known } from './api/hooks';
import { startWords, wantedLanguage } from './i18n';
import { router } from './router';
import { startTheme } from './ui/theme';

startTheme();
await startWords(wantedLanguage());

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={known}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
