// The one file name that modelctl gives a meaning: it stands beside manifests and is none itself.

export const lockFileName = 'models.lock.yaml';
