// Shows a notice that the market's push brought, and opens the show when it is tapped. Two of one show are one.
self.addEventListener("push", (event) => {
  const said = event.data?.json() ?? {};
  const notice = { body: said.body, tag: said.tag, data: { url: said.url }, lang: self.navigator?.language };
  event.waitUntil(self.registration.showNotification(said.title ?? "", notice));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url ?? "/live", self.location.origin);
  if (url.origin === self.location.origin) event.waitUntil(self.clients.openWindow(url.href));
});
