// Makes the countries of the page's map from Natural Earth (public domain), as world-atlas packs it:
// one SVG path for each ISO 3166-1 code, in the Equal Earth projection, in a box of 1000 units' width.
// What is too small to be seen gets a dot. `npm ci && node generate.mjs >../world.json`; CI compares.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { geoArea, geoCentroid, geoEqualEarth, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import { filter, filterWeight, presimplify, simplify } from 'topojson-simplify';

const require = createRequire(import.meta.url);
const codes = require('i18n-iso-countries');

// Natural Earth gives these no number of ISO 3166-1; the codes are those of location databases.
const BY_NAME = { Kosovo: 'XK', 'N. Cyprus': 'CY', Somaliland: 'SO' };
// Simplified until a triangle of a line has this area at least, in square degrees.
const DETAIL = 0.06;
// Land below this has no client to speak of, and would take a fifth of the height.
const SOUTH = -57;
// Countries of less than this, in steradians, are dots as well.
const SMALL = 0.00004;
const WIDTH = 1000;

const atlas = JSON.parse(readFileSync(require.resolve('world-atlas/countries-50m.json')));
let topology = presimplify(atlas);
// Small islands of large countries go; countries of small islands stay, as the dots below.
topology = filter(topology, filterWeight(topology, DETAIL * 4));
topology = simplify(topology, DETAIL);

const whole = feature(atlas, atlas.objects.countries).features;
const shapes = new Map(feature(topology, topology.objects.countries).features.map((f) => [f.properties.name, f]));

const projection = geoEqualEarth().rotate([-11, 0]);
projection.fitWidth(WIDTH, { type: 'Sphere' });
const top = projection([11, 84])[1];
const [, y] = projection.translate();
projection.translate([WIDTH / 2, y - top]);
const height = Math.ceil(projection([11, SOUTH])[1]);
const path = geoPath(projection).digits(1);

const countries = {};
for (const country of whole) {
  const code = BY_NAME[country.properties.name] ?? codes.numericToAlpha2(country.id ?? '');
  if (!code || code === 'AQ') continue;
  const own = (countries[code] ??= { d: '' });
  const shape = shapes.get(country.properties.name);
  own.d += (shape && path(shape)) ?? '';
  if (geoArea(country) < SMALL && !own.at) {
    own.at = projection(geoCentroid(country)).map((n) => Math.round(n * 10) / 10);
  }
}

const world = {
  width: WIDTH,
  height,
  // x = centre + scale × X, y = middle − scale × Y, of the unit projection.
  projection: { rotate: 11, scale: +projection.scale().toFixed(4), translate: projection.translate().map((n) => +n.toFixed(4)) },
  countries: Object.fromEntries(Object.entries(countries).sort(([a], [b]) => (a < b ? -1 : 1))),
};
// One country a line, so that changes can be read.
const lines = Object.entries(world.countries).map(([code, c]) => `"${code}":${JSON.stringify(c)}`);
const { countries: _, ...head } = world;
process.stdout.write(`${JSON.stringify(head).slice(0, -1)},"countries":{\n${lines.join(',\n')}\n}}\n`);
