// Hands the code of a mail, which stands behind the `#` of the address, to the operation that the form names.
'use strict'
const form = document.querySelector('form')
const status = document.querySelector('[role=status]')
const token = new URLSearchParams(location.hash.slice(1)).get('token')
// It stays neither in the address bar nor in the history.
history.replaceState(null, '', location.pathname)

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  status.textContent = ''
  const button = form.querySelector('button')
  button.disabled = true
  try {
    const answer = await fetch(form.dataset.operation, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token, ...Object.fromEntries(new FormData(form)) }),
    })
    if (answer.ok) {
      form.hidden = true
      status.textContent = form.dataset.done
      return
    }
    const problem = await answer.json()
    const detail = problem.details?.[0]
    status.textContent = detail?.field === 'token' ? 'This link does not count any more. Ask for a new one.' : detail?.message ?? problem.message
  } catch {
    status.textContent = 'The server cannot be reached. Try again.'
  }
  button.disabled = false
})
