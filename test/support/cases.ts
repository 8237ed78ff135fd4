/**
 * How many random cases a property or a search is tried with.
 * @param quick those of `npm test`; `npm run test:long` tries forty times as many
 */
export const cases = (quick: number): number => quick * Number(process.env['HERALD_TEST_CASES_FACTOR'] ?? 1);
