import { html, render } from './ui.js';
import { listen } from './state.js';
import { Shell } from './shell.js';

listen().then(() => {
  const root = document.getElementById('app');
  root.textContent = '';
  render(html`<${Shell} />`, root);
});
