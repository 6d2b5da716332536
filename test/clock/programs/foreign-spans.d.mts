export const IN_PLACE: unknown;
