# For developers
server-api-title = For developers
server-api-about = Everything a page can do, the API can do. Addresses begin with /api/v1/, money is whole won, time is Unix milliseconds.
server-api-sign-in = Sign in and send the token in the Authorization: Bearer header.
server-api-key = A creating POST needs an Idempotency-Key header. The same key gives back the same thing.
server-api-problems = Refusals are RFC 9457 problem+json. The same type is the same problem.
server-api-cursors = Lists go on by limit (1–100) and cursor. Without next_cursor you are at the end.
server-api-parameters = Parameters
server-api-required = required
server-api-body = Body
server-api-answers = Answers
server-api-shapes = Shapes
