// What a daemon with three regions would tell of names, map and previews, for tests of how the page shows it.

const json = (route, body) => route.fulfill({ contentType: 'application/json', body: JSON.stringify(body) });
const all = (region, share = 1) => ({ pool: region, region, share });

export const NAMES = [
  { name: 'api.example.com.', types: ['A'], ttl_seconds: 20, configured: [all('us-east', 0.8), all('eu-west', 0.2)], now: [all('us-east', 0.8), all('eu-west', 0.2)], achieved: [all('us-east', 0.795), all('eu-west', 0.205)], answers_per_second: 42.3, answers: 1234, degraded: 0 },
  { name: 'shop.example.com.', types: ['A'], ttl_seconds: 30, configured: [all('us-east')], now: [{ pool: null, region: null, share: 1 }], achieved: [], answers_per_second: null, answers: 0, degraded: 0.25 },
  { name: 'www.example.com.', types: ['A', 'AAAA'], ttl_seconds: 30, configured: [all('us-east')], now: [all('eu-west')], achieved: [all('us-east', 0.62), all('eu-west', 0.38)], answers_per_second: 1312.3, answers: 99000, degraded: 0 },
];

export const CHANGES = [
  { name: 'www.example.com.', type: 'A', moved: 0.41, moves: [{ from: 'us-east', to: 'eu-west', share: 0.41, countries: ['US', 'CA', 'MX', 'BR', 'AR', 'CL', 'PE'] }] },
  { name: 'api.example.com.', type: 'A', moved: 0.004, moves: [{ from: 'us-east', to: null, share: 0.004, countries: ['US'] }] },
];

/** `countries` gives what the map has now. */
export async function tell(page, { countries, names = NAMES, changes = CHANGES }) {
  await page.route('**/api/v1/names?*', (route) => json(route, { names, count: names.length }));
  await page.route('**/api/v1/map?*', (route) => {
    const query = new URL(route.request().url()).searchParams;
    json(route, { name: query.get('name'), type: query.get('type'), countries: countries(), elsewhere: [all('us-east')] });
  });
  await page.route('**/api/v1/preview', (route) => json(route, { changes, names: changes.length, degraded: 1, compared: 12 }));
}

export const BY_PLACE = {
  US: [all('us-east')], CA: [all('us-east')], BR: [all('us-east', 0.6), all('eu-west', 0.4)],
  DE: [all('eu-west')], FR: [all('eu-west')], IN: [all('ap-south')], SG: [all('ap-south')],
};
