/** Addresses of records: only in the org that the server names, and only over https, because a host opens anything. */

const ID = /^[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?$/;

/** Return the address of a record in the org; undefined where none can be trusted. */
export function recordAddress(instanceUrl: unknown, id: unknown): string | undefined {
  if (!ID.test(String(id)) || !URL.canParse(String(instanceUrl))) return undefined;
  const { protocol, host } = new URL(String(instanceUrl));
  return protocol === "https:" ? `${protocol}//${host}/${String(id)}` : undefined;
}
