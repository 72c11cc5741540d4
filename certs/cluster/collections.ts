/** Where the API server keeps what more than one of our rooms reads. */
export const NODES = { api: 'api/v1', plural: 'nodes' };
export const PODS = { api: 'api/v1', plural: 'pods' };
export const NAMESPACES = { api: 'api/v1', plural: 'namespaces' };
export const JOBS = { api: 'apis/batch/v1', plural: 'jobs' };
export const DEPLOYMENTS = { api: 'apis/apps/v1', plural: 'deployments' };
