// A form that a JSON Schema describes. All its words come from a server and are text.

import { useTranslation } from 'react-i18next';
import type { Json, JsonMap } from '../api/shape';
import type { Fault } from './check';
import { Place } from './place';
import { fieldsOf, isMap, resolved, type Schema } from './schema';

interface Props {
  schema: Json | undefined;
  value: JsonMap;
  onChange: (value: JsonMap) => void;
  faults: Fault[];
}

export function SchemaForm({ schema, value, onChange, faults }: Props) {
  const { t } = useTranslation();
  const root: Schema = isMap(schema) ? schema : {};
  const fields = fieldsOf(resolved(root, root));
  if (fields.length === 0) return <p className="text-soft">{t('form.noArguments')}</p>;
  return (
    <div className="flex flex-col gap-4">
      {fields.map((field) => (
        <Place
          key={field.name}
          name={field.name}
          schema={field.schema}
          root={root}
          required={field.required}
          path={field.name}
          depth={1}
          value={value[field.name]}
          faults={faults}
          onChange={(inner) => onChange(replaced(value, field.name, inner))}
        />
      ))}
    </div>
  );
}

/** The map with this value there; without it where there is none. */
export function replaced(map: JsonMap, name: string, value: Json | undefined): JsonMap {
  if (value !== undefined) return { ...map, [name]: value };
  const { [name]: _, ...rest } = map;
  return rest;
}
