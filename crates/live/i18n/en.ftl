# Broadcasts: the calendar
live-calendar = Live
live-now = On air now
live-next = Coming up
live-replays = Watch again
live-none = No show yet
live-none-next = Look around the market; a lamp will be lit soon.
live-to-market = Look around the market

# Watching
live-description = { $store } live: { $title }. Watch and buy as you go.
live-waiting = The seller's phone dropped out for a moment. Back soon.
live-over = The show is over
live-slow = Your connection is slow. One moment.
live-offline = You are offline. The picture comes back by itself.
live-failed = The show cannot be played. Please reload the page.
live-soon = Starts any moment
live-in-minutes = { $count ->
    [one] Starts in a minute ({ $when })
   *[other] Starts in { $count } minutes ({ $when })
  }
live-in-hours = { $count ->
    [one] Starts in an hour ({ $when })
   *[other] Starts in { $count } hours ({ $when })
  }
live-in-days = { $count ->
    [one] Starts in a day ({ $when })
   *[other] Starts in { $count } days ({ $when })
  }
live-no-replay = There is no recording. The products are below.
live-sound-on = Sound on
live-viewers-unit = watching
live-chat = Chat
live-newest = Newest
live-lost = The connection broke. Connecting again.
live-say = Say something
live-send = Send
live-sign-in-to-say = Sign in to chat
live-react-heart = Send a heart
live-react-clap = Clap
live-buy = Buy
live-left = {"{}"} left
live-won = ₩{"{}"}
live-goods = In this show
live-no-goods = No products chosen yet.
live-chapters = Jump to
live-chapter-answered = Question:
live-share = Share
live-shared = Address copied
live-sheet = Buy now
live-sheet-close = Close
live-identity = Who sells at { $store }

# Before the show: notices and calendars
live-notice-on = Tell me when it starts
live-notice-sign-in = Sign in to be told
live-notice-asked = We will tell you when it starts
live-notice-off = Do not tell me
live-to-calendar = Add to calendar
live-notice-subject = { $store } is on air
live-notice-text = { $store } is on air: { $title }
  { $url }
  No more notices: { $stop }
live-notice-stop = No more notices of shows
live-notice-stop-lead = This switches off every notice you wait for. You can ask again on the page of a show.
live-notice-stop-do = Switch all notices off
live-notice-stopped = Notices are off
live-notice-stopped-next = To be told again, ask on the page of a show.
field-push-unusable = This browser cannot be sent notices. They come by mail or text message instead.
problem-notices-many = You wait for too many shows
problem-notices-many-next = At most { $max } at a time. Switch another one off and try again.

# The seller: shows
live-studio-shows = My shows
live-title-default = { $store } live
live-title = Title of the show
live-title-help = What makes people come in. Up to 60 letters.
live-choose = Products to show
live-no-products = You have no products yet. You can go live without any.
live-add-product = Add a product
live-when = When
live-when-now = Now
live-when-now-note = The camera opens at once
live-when-later = Later
live-when-later-note = Customers see the time beforehand
live-starts = Start
live-starts-help = Only for a later show.
live-sponsor-head = Is this show sponsored?
live-sponsor = Sponsor
live-sponsor-help = If you were paid in money or goods, write by whom. The show is marked as an advertisement, and the sponsor is named at its start, at its end, and every five minutes.
live-sponsor-badge = Ad
live-sponsor-said = This show is sponsored by { $sponsor }
live-prepare = Prepare the show
live-my-shows = Past and coming shows

# The seller: posters
live-poster = Poster for the stall
live-poster-of = Print the poster: { $title }
live-poster-how = Point your phone's camera here to open the show
live-poster-code = QR code that leads to the show
live-poster-print = Your browser's print makes it one sheet of A4. Put it up at the stall.
live-poster-back = Back to the studio
live-poster-photo = Picture of the show
live-poster-first = The first product's photo
live-poster-nth = Photo { $count }
live-notice-waiting = { $count ->
    [one] One customer waits to be told when you start.
   *[other] { $count } customers wait to be told when you start.
  }
field-poster-unknown = That is no photo of a product in this show. Please choose again.

# The seller: studio
live-studio = Studio
live-announced-for = Announced for { $when }. You may start earlier.
live-preview = Your picture
live-needs-script = Please switch on JavaScript in your browser to go live.
live-mic = Microphone level
live-uplink = Measuring your connection.
live-find-dark = The picture is dark. Switch on a light, or move to where it is brighter.
live-find-backlit = It is too bright behind you, so your face is dark. Stand facing the window or the lamp.
live-find-shaking = The picture shakes. Stand the phone up, or hold it with both hands.
live-find-sideways = The phone lies on its side. Hold it upright to fill your customers' phones.
live-find-muted = There is no sound. Switch the microphone on, or end the other call.
live-find-quiet = Your voice is low. Come a step closer to the phone and speak.
live-find-lossy = The line drops again and again. Change the Wi-Fi, or move.
live-find-battery = Less than 20% of battery is left. Plug in the charger before you begin.
live-find-identity = Your business details are not complete. The law asks for them before you sell.
live-find-identity-fix = Complete them
live-open-outside = Open in Chrome
live-start = Go live
live-camera-again = Camera on again
live-flip = Turn camera
live-mute = Mute
live-answer = Answer your customers
live-hide = Hide
live-show-again = Bring the last hidden line back
live-show-goods = Show a product
live-unpin = Take the card down
live-orders = Orders
live-orders-none = New orders appear here at once.
live-end = End the show
live-say-asking = Opening the camera. Please allow it.
live-say-ready = Picture and sound are fine. You can start.
live-say-silent = We hear nothing. Say something.
live-say-denied = The camera is blocked. Tap the lock beside the address and allow camera and microphone.
live-say-nocamera = No camera found. Open this on your phone.
live-say-taken = Another app uses the camera. Close it and try again.
live-say-insecure = The camera needs an https address.
live-say-inapp = You cannot go live inside this app. Open it in Chrome or Safari.
live-say-connecting = Connecting your show.
live-say-air = You are on air.
live-say-again = The connection broke. Stay here, we connect again.
live-say-lost = We could not connect. Check your internet and try again.
live-say-refused = The show could not start. Reload this page and try again.
live-say-ended = The show is over.
live-say-good = Your connection is fast. The picture will be sharp.
live-say-fair = Your connection is fair. You can go live.
live-say-poor = Your connection is slow. Go closer to the Wi-Fi.
live-say-green = Going out well
live-say-yellow = A little slow
live-say-red = May break up
live-say-end-again = Tap once more to end
live-over-thanks = Well done. The show is over.
live-over-lines = Lines in the chat
live-over-replay = Customers can now watch it again.
live-over-closing = The recording is being finished. Look again in a moment.
live-see-replay = Watch again
live-to-orders = See the orders

# Order in the room, and questions
live-order = Keep the room in order
live-order-save = Do it this way
live-slow-mode = Slow mode
live-slow-off = Off
live-slow-seconds = One line in { $count } seconds
live-banned-words = Words nobody may use (one a line)
live-mute-person = Mute
live-muted = Muted customers
live-unmute = Let them talk again
live-questions = Questions
live-questions-none = What your customers ask is gathered here.
live-question-asked = asked by { $count }
live-question-answer = I answer it now
live-question-dismiss = Skip
live-question-undo = Bring the last one back
problem-chat-muted = You cannot talk in this show
problem-chat-muted-next = The seller has muted you. You can watch and buy as before.
problem-chat-banned = This holds a word that may not be used
problem-chat-banned-next = Please put it differently.
problem-chat-phone = Everybody would see this phone number
problem-chat-phone-next = Please take it out.
field-banned-words = Up to 200 words of up to 20 letters.
field-slow-seconds = Choose one of these.

# With the room: announcement, poll, quiz, draw, coupon
live-interactions = With your customers
live-kind-announcement = Announcement
live-kind-poll = Poll
live-kind-quiz = Quiz
live-kind-draw = Draw
live-kind-coupon = Coupon
live-interaction-people = { $count } taking part
live-interaction-sign-in = Sign in to take part
live-interaction-seconds = { $count } s
live-interaction-close = End it and tell the result
live-interaction-take-down = Take down
live-interaction-closed = It is over
live-interaction-open = Show it to everybody
live-interaction-ends = When does it end?
live-interaction-ends-by-hand = When I end it
live-interaction-after = After { $count } seconds
live-take-draw = Take part
live-take-coupon = Take a coupon
live-given-draw = You are in. Your number is { $ticket }
live-given-coupon = It is yours! Write this into your order: { $code }
live-announcement-said = What to tell everybody
live-poll-said = What to ask
live-quiz-said = The question
live-choices = Choices (2 to 4)
live-choices-right = Choices (mark the right one)
live-choice = Choice { $place }
live-choice-right = Number { $place } is right
live-quiz-right = Right! Well done.
live-quiz-wrong = Not this time. The right one is marked.
live-draw-said = The prize
live-draw-quantity = How many win
live-draw-coupon = A coupon for the winners
live-draw-no-coupon = No coupon
live-draw-won = You have won! Congratulations.
live-draw-winners = Winners: { $names }
live-draw-nobody = Nobody took part
live-draw-proof = Check that it was fair
live-draw-title = Check a draw
live-draw-open = People can still take part. When it is over it can be checked here.
live-draw-fair = We drew again, and the result is the same: fairly drawn, with the number that was promised beforehand.
live-draw-unfair = We drew again, and the result differs. Please tell the market's operator.
live-draw-winners-head = Winners
live-draw-how = How it was drawn
live-draw-how-seed = Before anybody took part, a secret number was chosen and its fingerprint (SHA-256) told. So it could not be changed later.
live-draw-commitment = Fingerprint told beforehand
live-draw-seed = Secret number
live-draw-how-score = All tickets in order make another fingerprint; those with the lowest SHA-256 of "secret number:that fingerprint:ticket" win.
live-draw-limits = Whoever knew the secret number and sent the very last ticket could have chosen that one. Beyond that nobody can decide the result.
live-draw-tickets = All tickets ({ $count })
live-draw-download = Download what is needed to check
live-draw-back = Back to the show
live-coupon-gone = All coupons are taken
live-coupon-of = of { $count }
live-coupon-none = There is no coupon to hand out. First make one that is handed out in a show.
live-coupon-make = Make a coupon
live-coupon-which = Coupon
problem-show-not-on-air = The show is not on air
problem-show-not-on-air-next = Begin the show, then try again.
problem-interaction-one-at-a-time = Another one is still open
problem-interaction-one-at-a-time-next = End it first, then try again.
problem-interaction-closed = It is over
problem-interaction-closed-next = Join in next time.
problem-answered-before = You have chosen already
problem-answered-before-next = Everybody chooses once.
problem-coupons-gone = All coupons are taken
problem-coupons-gone-next = Wait for the next ones.
field-interaction-said = Write what to show.
field-interaction-long = That is too long. Please shorten it.
field-interaction-choices = Write two to four different choices.
field-interaction-choice = Choose one of the choices.
field-interaction-answer = Mark the right choice.
field-interaction-winners = Write how many win, 1 to 100.
field-interaction-coupon = This coupon cannot be handed out. Choose another one.
field-interaction-seconds = From 10 seconds to one hour.

# Problems
problem-show-over = The show is over
problem-show-over-next = Watch it again, or look for the next show of this stall.
problem-show-still-on = The show is still on
problem-show-still-on-next = You can watch it again when it is over.
problem-show-begun = The show has begun
problem-show-begun-next = The time of a show that has begun cannot change. Announce a new one.
problem-on-air-elsewhere = This stall is on air with another show
problem-on-air-elsewhere-next = End that show first, then start this one.
problem-wrong-key = The publish key is wrong
problem-wrong-key-next = Reload the studio and start again.
problem-product-not-shown = This product cannot be shown now
problem-product-not-shown-next = It was removed or belongs to another stall. Choose another one.
problem-another-body = The same key came with another body
problem-another-body-next = Give a new request a new Idempotency-Key.
problem-show-fields = Something needs mending
problem-show-fields-next = Mend the marked fields. A line has at most { $max } letters.
problem-broken-offer = The camera's connection cannot be read
problem-broken-offer-next = Reload the studio and start again. Another program must send an SDP offer.
problem-no-video = The connection has no video
problem-no-video-next = Switch the camera on, and send H.264 video.
problem-already-publishing = Another device is on air with this show
problem-already-publishing-next = When it stops there, you can go on here.
problem-too-far = That part lies far ahead
problem-too-far-next = Read join again and go on from the newest part.
problem-not-yet = No video yet
problem-not-yet-next = Ask again in a moment.
problem-too-many-shows = Too many shows are on air
problem-too-many-shows-next = Start again when another one has ended.
problem-sdp-large = The offer is too large
problem-sdp-large-next = An SDP may have 64 KB.
problem-uplink-large = Too much at once
problem-uplink-large-next = Send at most 512 KB to measure the connection.
field-title-missing = Please give the show a title.
field-title-long = A title has at most 60 letters.
field-sponsor-long = The sponsor has up to 30 letters.
field-starts-missing = Please choose the day and the hour.
field-starts-past = That time has passed. Choose a later one.
field-starts-far = Choose a time within six months.
field-products-many = A show has at most 30 products.
field-product-not-yours = One of these is not this stall's. Please choose again.
field-chat-empty = Say something first.
field-chat-long = At most { $max } letters. Please make it shorter.
live-somebody = A shopper
