// Where the API is: the page lies below <prefix>/user/, so the prefix is the API's, whatever it is.
export const api = location.origin + location.pathname.replace(/\/user\/.*$/, '');

// link leads to a dashboard and keeps what was chosen: time, theme, and the variables that are not given anew.
export function link(board: string, variables: Record<string, string> = {}): string {
  const now = new URLSearchParams(location.search);
  const next = new URLSearchParams({ d: board });
  for (const [name, value] of now) {
    if (['start', 'end', 'theme', 'refresh'].includes(name) || name.startsWith('var-')) next.set(name, value);
  }
  for (const [name, value] of Object.entries(variables)) next.set('var-' + name, value);
  return '?' + next;
}
