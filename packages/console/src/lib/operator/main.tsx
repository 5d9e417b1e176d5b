import { render } from 'preact';
import '../look/tokens.css';
import '../look/base.css';
import 'uplot/dist/uPlot.min.css';
import './frame/frame.css';
import './parts/parts.css';
import './parts/table.css';
import './parts/drawer.css';
import './attempts/waterfall.css';
import './overview/overview.css';
import './keyboard/keyboard.css';
import './palette/palette.css';
import { browserClock } from '../clock.ts';
import { OperatorApp } from './frame/operator-app.tsx';
import { takePlace, takeToken } from './frame/operator-session.ts';
import { createNavigation } from './place.ts';
import { createPreferences, PreferencesContext } from './preferences/preferences.ts';

const app = document.getElementById('app');
takePlace(window);
const token = takeToken(window);
const preferences = createPreferences(localStorage);
preferences.theme.subscribe((theme) => {
  document.documentElement.dataset.theme = theme;
});
if (app) {
  render(
    <PreferencesContext.Provider value={preferences}>
      <OperatorApp clock={browserClock} navigation={createNavigation(window)} token={token} />
    </PreferencesContext.Provider>,
    app,
  );
}
