// Paths that others wrote and that may become files: relative, with forward slashes, and with no
// way out of the folder that they are meant in, on any platform. Pure.

export const isInside = (path: string): boolean =>
  path.length > 0 &&
  path.length <= 4_096 &&
  !/[\u0000-\u001f\u007f\\]|^[A-Za-z]:|^\//.test(path) &&
  !path.split('/').some((name) => name === '' || name === '.' || name === '..');
