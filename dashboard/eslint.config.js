// What is never written here: `any`, HTML made from text, and styles in the markup, which the content security policy forbids.

import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import typescript from 'typescript-eslint';

export default typescript.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.d.ts', 'scripts'] },
  js.configs.recommended,
  ...typescript.configs.strict,
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: 'Strings from servers are text, never HTML.' },
        { selector: "JSXAttribute[name.name='style']", message: 'Styles are classes; the content security policy allows nothing else.' },
      ],
      'no-restricted-properties': ['error', { property: 'innerHTML', message: 'Strings from servers are text, never HTML.' }],
    },
  },
);
