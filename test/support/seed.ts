import fc from 'fast-check';

/** Properties try the same cases each time, so that `npm test` fails for all or for nobody; `npm run test:long` tries others. */
fc.configureGlobal({ seed: 7 });
