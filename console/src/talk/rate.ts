/** Rate of everything that goes over the wire, both ways, Hz. */
export const wireRateHz = 24_000;
