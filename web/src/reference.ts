/** The page at /reference: what /openapi.json says, for people. Nothing on it comes from elsewhere. */

import { init } from 'redoc/bundles/redoc.standalone.js';

const place = document.getElementById('reference');
if (place) {
  // Its search needs a worker made of a string, which our content security policy does not allow.
  const options = {
    disableSearch: true,
    nativeScrollbars: true,
    hideDownloadButtons: false,
    expandResponses: '200,201',
  };
  init('/openapi.json', options, place);
}
