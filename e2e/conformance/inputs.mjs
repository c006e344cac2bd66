// Inputs made from a schema: arguments for a tool, and the answer of a person who accepts every default.

const BY_TYPE = {
  string: () => 'text',
  number: (position) => position + 2,
  integer: (position) => position + 2,
  boolean: () => true,
  array: () => [],
  object: (_position, schema) => argumentsFor(schema),
};

function valueFor(schema, position) {
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  return BY_TYPE[schema.type ?? 'string']?.(position, schema);
}

export function argumentsFor(schema) {
  return Object.fromEntries(Object.entries(schema?.properties ?? {}).map(([name, property], position) => [name, valueFor(property, position)]));
}

// A call of each tool. One that asks for a `schema` gets the first tool's own, as it was listed.
export function callsFor(tools) {
  return tools.map(({ name, inputSchema }) => {
    const args = argumentsFor(inputSchema);
    return { name, arguments: 'schema' in args ? { ...args, schema: tools[0].inputSchema } : args };
  });
}

export function defaultsOf(schema) {
  const given = Object.entries(schema?.properties ?? {}).filter(([, property]) => property.default !== undefined);
  return Object.fromEntries(given.map(([name, property]) => [name, property.default]));
}

// The settings of a client that signs in without a person, where a scenario is about one.
export function unattendedSettings(scenario, context) {
  if (scenario.startsWith('auth/client-credentials')) return { grantType: 'client_credentials', privateKey: context.private_key_pem };
  if (scenario === 'auth/wif-jwt-bearer') return { grantType: 'jwt_bearer', assertion: context.valid_jwt };
  if (context.idp_token_endpoint) {
    const { idp_token_endpoint: tokenEndpoint, idp_client_id: clientId, idp_id_token: idToken } = context;
    return { grantType: 'jwt_bearer', identityProvider: { tokenEndpoint, clientId, idToken } };
  }
  return {};
}
