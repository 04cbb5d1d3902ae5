/** What a stage may be called: the longest names on AWS are made from it, and the CDK takes a star for all stacks that fit. */
const STAGE = /^[a-z][a-z0-9-]{0,14}[a-z0-9]$/;

export const STAGE_WORDS = '2 to 16 lower-case letters, digits and dashes, a letter first and no dash last';

export const isStageName = (name: string): boolean => STAGE.test(name);
