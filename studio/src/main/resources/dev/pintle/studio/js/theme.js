// Chooses the theme before anything is painted. Values: auto (follows the system), light, dark.
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const apply = () => {
    let chosen = 'auto';
    try { chosen = localStorage.getItem('pintle.theme') || 'auto'; } catch { /* no storage: follow the system */ }
    const theme = chosen === 'auto' ? (dark.matches ? 'dark' : 'light') : chosen;
    root.dataset.theme = theme;
    dispatchEvent(new CustomEvent('pintle-theme', { detail: { chosen, theme } }));
  };
  dark.addEventListener('change', apply);
  addEventListener('pintle-choose-theme', apply);
  apply();
})();
