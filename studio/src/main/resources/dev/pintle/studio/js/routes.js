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
];

/** What the shell shows besides: lazily loaded components, null where there is none. */
export const parts = {
  jobs: null,
};
