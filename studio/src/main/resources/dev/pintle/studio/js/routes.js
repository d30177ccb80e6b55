/*
 * The pages. A page is one module in pages/ whose default export is a component that gets {params, state, setState}.
 *
 *   path    of the address; :names are given in params
 *   title   in the rail and of the window
 *   key     g and this letter go there
 *   css     names of style sheets besides studio.css, loaded before the page is shown
 *   icon    a path in a square of 24, drawn with strokes; without one the page is not in the rail
 *   under   the path of the page in the rail that this one belongs to
 */
export const pages = [
  { path: '/chat', title: 'Chat', key: 'c', icon: 'M4 5h16v11H9l-5 4z', css: ['chat'], load: () => import('./pages/chat.js') },
  { path: '/text', title: 'Text', key: 't', icon: 'M5 5h14M5 10h14M5 15h9M5 20h5', css: ['chat', 'text'], load: () => import('./pages/text.js') },
  { path: '/sae', title: 'Latents', key: 'l', icon: 'M4 18V9M9 18V4M14 18v-6M19 18v-3M3 21h18', css: ['pages', 'jobs'], load: () => import('./pages/latents.js') },
  { path: '/sae/:id', title: 'Latents', under: '/sae', css: ['pages', 'jobs'], load: () => import('./pages/latents.js') },
  { path: '/sae/:id/:n', title: 'Latent', under: '/sae', css: ['pages', 'jobs'], load: () => import('./pages/latent.js') },
  { path: '/vectors', title: 'Vectors', key: 'v', icon: 'M5 19 19 5M19 5h-7M19 5v7M5 19h.01', css: ['pages', 'jobs'], load: () => import('./pages/vectors.js') },
  { path: '/vectors/new', title: 'Fit a vector', under: '/vectors', css: ['pages', 'jobs'], load: () => import('./pages/fit.js') },
  { path: '/vectors/:hash', title: 'Vector', under: '/vectors', css: ['pages', 'jobs'], load: () => import('./pages/vector.js') },
  { path: '/sweeps', title: 'Sweeps', key: 's', icon: 'M3 20h18M4 16c3 0 4-10 8-10s5 6 8 6', css: ['pages', 'jobs'], load: () => import('./pages/sweeps.js') },
  { path: '/runs', title: 'Runs', key: 'r', icon: 'M6 3h9l4 4v14H6zM9 12h7M9 16h7M9 8h3', css: ['pages', 'jobs'], load: () => import('./pages/runs.js') },
  { path: '/models', title: 'Models', key: 'm', icon: 'M12 3 4 7v10l8 4 8-4V7zM4 7l8 4 8-4M12 11v10', css: ['pages', 'jobs'], load: () => import('./pages/models.js') },
  { path: '/server', title: 'Server', key: 'e', icon: 'M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01', css: ['pages', 'jobs'], load: () => import('./pages/server.js') },
];

/** What the shell shows besides: lazily loaded components, null where there is none. */
export const parts = {
  jobs: () => import('./pages/jobs.js'),
};
