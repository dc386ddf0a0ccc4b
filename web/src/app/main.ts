/** The pages for people with accounts: `/boards` and what is below. */
import '../style.css';
import '../ui/ui.css';
import './app.css';
import { browserOptions, Credentials } from './credentials';
import { Shell } from './shell';

void new Shell(document.body, new Credentials(browserOptions())).show();
