"""Capitalised words that stand where a name could stand, and are none: topics, places, things.

Used only where a word is otherwise unknown: "Kitchen: order the sink" is about the kitchen.
"""

from __future__ import annotations

import re

_TOPICS = frozenset(
    """
    access accounts action actions admin advertising agenda agreement air alarm api app apps area
    art assets attic audio back backend background backup backups balance bank bar basement
    bathroom bedroom beer bikes bill billing bins blog board boat bonus books booking bookings
    boxes branding breakfast budget bug bugs building bunting bus cable cables cake cakes calendar
    camera campaign car cars carpet case cash catering cellar chairs chores church class cleaning
    client clients climate club coach coffee comms communication community company computer
    concert conference contact contract contracts cooking cost costs council course craft crew
    curtains customer customers data database deadline decor decoration decorations delivery
    demo deposit design desk dinner dishes docs documentation documents dog door doors drainage
    drinks electrics electricity email emails engineering entertainment entrance equipment events
    exam exhibition expenses facilities family fees fence fields finance finances fire flights
    flat floor flowers food forms fridge frontend fuel funding furniture future game games garage
    garden gardening gas gates general gifts goal goals grant grants group guests gutters hall
    hardware health heating hedge help holiday home homework hosting hotel house housekeeping idea
    ideas important info infra infrastructure insurance internet invitations invoice invoices it
    items job jobs keys kids kit kitchen label landing later laundry law leaflet leaflets legal
    letter letters library licence licences light lighting lights link links list lists loan lobby
    location logistics logo loft lounge lunch mail mailing main maintenance map maps marketing
    materials meal meals media medical meeting meetings membership merch message metrics minutes
    misc mobile money monitoring mortgage moving museum music name network newsletter next none
    note notes office ops optional orders other outdoor outside outreach packing paint painting
    paperwork parking parks partners party passport path patio paths pay payment payments payroll
    people performance permit permits pets phone photo photos piano plan planning plants
    playground plumbing policy post poster posters power pr preparation press price prices
    pricing printer printing priority prizes problem production product programme programs
    project promotion props publicity purchase qa quality question questions raffle rain rates
    ready recipe recording recruitment refreshments registration release remember reminder rent
    repair repairs report reports required research resources response result results review
    risk risks road roof room rooms route rubbish rules safety sales samples schedule school
    score script search seating security seeds server servers service session setup shed shelf
    shop shopping shower signage signs site sites sketch slides social software sound sources
    space speakers speech sponsors sponsorship sport staff staffing stage staging stairs stall
    stalls standards status step steps stock storage store strategy structure students studio
    style summary supplies supply support survey system systems table tables target task tasks
    tax taxes team tech tent tents test testing tests text theme tickets tile tiles time timing
    tip toilets tools topic tour towels toys track traffic training transport trash travel trees
    trip troubleshooting typo update updates urgent usability utilities van vendor venue video
    visa visitors volunteers walls warning waste water weather web website website's wedding
    welcome wifi window windows wine wood work workshop yard
    abendessen abfall abrechnung akten anlage anmeldung anreise antrag arbeit archiv arzt auflage
    aufgabe aufbau abbau auto autos bad bahn balkon band bank bau bäder beamer bericht bestand
    bett bilder boden brief briefe brot buch bücher budget bühne bus catering chor computer dach
    daten datenschutz deko dekoration dienst dienstplan diele drucker einkauf einladung
    einladungen eltern essen fahrrad fahrt fahrten feier fenster fest feuerwehr film finanzen
    fitness flug flur flyer foto fotos frage fragen frühstück fußball garage garten gas gäste
    gebäude gelände geld gemeinde geräte geschenk geschenke getränke grill gruppe gruppen halle
    handy haus haushalt heft heizung helfer hotel hund idee ideen infos instrumente internet
    kabel keller dachboden schuppen kaffee kalender karten kasse kasten katze keller kinder
    kino kirche klasse kleidung
    konto kontakt konzert korrektur kosten kostüme kuchen küche kunden lager laptop layout liste
    licht logo luft mails maler maschine material medien miete mitglieder möbel motto müll musik
    noten notiz notizen ort papier parkplatz party personal pflanzen plakat plakate plan platz
    post preise presse probe proben programm projekt protokoll putzen raum räume rechner rechnung
    rechnungen rechte recht regal reise requisiten saal sanitär schule schilder schlüssel
    schulung server service sicherheit software sommer sonstiges spiele spielplatz spielzeug
    spenden sport stand steuer steuern stimmung stoff strom stühle stück tafel tanz technik
    telefon termin termine text texte theater ticket tickets tische tombola ton tor tore treppe
    umzug unterlagen urlaub verein verkauf verkehr versand versicherung vertrag verträge video
    vorhang vorrat wagen wand wände wäsche waschmaschine wasser webseite wege werbung werkstatt
    werkzeug wetter wichtig winter wohnung wohnzimmer zaun zeit zelt zelte zimmer zug
    accueil achats administration affiches album animation annonce appartement argent assurance
    atelier autres bar barnum billets boisson boissons budget bureau buvette bus cadeaux café
    caisse calendrier carte cartes chambre chauffage chaises clés cloison communication comptes
    concert contrat contrats costumes courrier courses cuisine cuve dates déco décor décoration
    devis divers documents dossier dossiers douche eau école électricité enfants entrée entretien
    équipe escalier espace facture factures façade fenêtres fête finances fleurs flyers formation
    frais garage gâteaux gaz hébergement idées imprimerie inscriptions invitations invités jardin
    jeux journal linge local logement logiciel logistique loyer lumière mairie maison matériel
    médias menu ménage météo meubles mobilier murs musique nettoyage notes nourriture outils
    panneaux papiers parking parquet peinture personnel photo photos pièces plan planning plantes
    plomberie portail porte portes poubelles presse prix produits programme projet publicité
    rangement réception recettes rapport remarque repas réseau réunion salle salles salon sanitaires
    scène sécurité serveur site sol son sono spectacle sponsors stand stands subvention table
    tables taxe téléphone tente tentes terrain terrasse texte textes titre toit toiture train
    transport transports travaux trésorerie urgent vaisselle vélo vélos vente vidéo vins visite
    voiture volets voyage
    agua albarán alojamiento almacén alquiler aparcamiento archivo armario ascensor autobús avisos
    balcón banco baño barra basura bebida bebidas biblioteca billetes bicis boda cables café caja
    calefacción calendario cama camisetas carpas cartel carteles casa cena charla cine clase
    cliente clientes coche cocina colegio comedor comida compra compras comunicación concierto
    contabilidad contrato contratos cortinas costes cuenta cuentas cuotas curso datos decoración
    dinero diseño documentación documentos electricidad empresa entradas entrega equipo escenario
    escuela exposición facturas fachada feria fiesta finanzas flores folletos formación fotos gas
    garaje gastos general grupo habitación hacienda herramientas hotel huerto idea ideas imagen
    imprenta impresora impuestos información informe inscripciones instalación internet
    invitaciones jardín juegos lavadora libro libros limpieza lista listas llaves local logística
    luces luz maletas mantenimiento mapa material materiales médico medios menú mesas muebles
    música nevera notas obra oficina ordenador otros pago pagos pan papeles pared paredes
    parking patio permiso permisos perro persianas personal pintura pisos plan planos plantas
    playa piso plaza pregunta prensa precio precios presupuesto producto programa proyecto
    publicidad puerta puertas recibos redes regalos reserva reservas reunión revista riego ropa
    sala salón seguridad seguro seguros servidor sillas sonido suelo talleres teatro techo
    teléfono tejado tema tienda tiendas transporte trenes urgente varios vecinos ventanas ventas
    viaje viajes vino visita web
    monday tuesday wednesday thursday friday saturday sunday january february march april june
    july august september october november december montag dienstag mittwoch donnerstag freitag
    samstag sonntag januar februar märz mai juni juli oktober dezember lundi mardi mercredi jeudi
    vendredi samedi dimanche janvier février mars avril juin juillet août septembre octobre
    novembre décembre lunes martes miércoles jueves viernes sábado domingo enero febrero marzo
    abril mayo junio julio agosto septiembre octubre noviembre diciembre today tomorrow heute
    morgen demain mañana hoy weekend wochenende
    all anyone both each everybody everyone everything he it nobody none she somebody someone that
    there they this those these we what who which you i if when where why how then also so and
    but or not no yes please maybe perhaps before after until by from for with in on at to the a an
    alle alles das der die dies diese dieser es er man sie wer was wir ihr ich und oder aber wenn
    dann auch nicht kein keine bitte noch vor nach bis mit für im am zum zur den dem ein eine
    ce cela ça elle elles il ils nous on vous qui quoi tout tous toutes chacun personne et ou mais
    si puis aussi avant après pour avec dans le la les un une des du au aux
    ello ellos ellas esto eso este esta él nosotros se todo todos todas nadie quien alguien usted
    y o pero también antes después para con en el los las una unos unas tbc tbd tba yo moi
    uk usa eu ok asap fyi tv pdf url cv ip ui ux hr id
    """.split()
)
_NOUN_END = re.compile(
    r"[^\W\d_]{3,}(?:ung|ungen|heit|heiten|keit|keiten|schaft|nis|tät|täten|tion|tions|sion|ment"
    r"|ments|ness|ship|ity|ance|ances|ence|ences|ings?|ware|isation|ización|ción|sión|dad|dades"
    r"|raum|zimmer|platz|liste|karten?|kasse|halle|schuppen|keller|maschine|anlage|zaun|technik"
    r"|dienst|plan|zelt|küche|vertrag|kosten|termin|schlüssel"
    r"|miento|aje|eries|erie|ería|ture|tures|age|ages|ique|isme|ismo)"
)
_PLURAL = re.compile(r"[^\W\d_]{2,}[^\W\d_aiouys]s")
_NAMES_LIKE_NOUNS = frozenset("dustin clemence florence constance prudence laurence hildur".split())


def is_topic(word: str) -> bool:
    """Whether a capitalised word is a common noun, a day, or a word that stands for nobody."""
    plain = word.casefold().rstrip(".")
    if plain in _TOPICS:
        return True
    return bool(_NOUN_END.fullmatch(plain)) and plain not in _NAMES_LIKE_NOUNS


def is_plural(word: str) -> bool:
    """Whether the word looks like an English plural: "Users should …" speaks of many."""
    return bool(_PLURAL.fullmatch(word))
