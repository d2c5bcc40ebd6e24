export default { globalSetup: 'leadconduit-mock/setup', testMatch: ['**/jest/*.test.cjs'] };
